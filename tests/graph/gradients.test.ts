import { nodeRuntime } from "../../models/runtime.node.ts";
import { operatorGradients } from "../support/operator-gradients.ts";

operatorGradients(nodeRuntime);
