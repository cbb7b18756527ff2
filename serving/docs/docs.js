// The page at /docs: Swagger UI on the server's own OpenAPI document.

import SwaggerUIBundle from "swagger-ui-dist/swagger-ui-es-bundle.js";
import "swagger-ui-dist/swagger-ui.css";

SwaggerUIBundle({ url: "../openapi.json", dom_id: "#api", validatorUrl: null, tryItOutEnabled: true });
