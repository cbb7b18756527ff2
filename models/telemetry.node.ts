// ONNX Runtime 1.29 and later report what they run to Microsoft unless told not to before they are loaded, and keep an
// id of the machine for it (https://github.com/microsoft/onnxruntime/blob/main/docs/Privacy.md). What people do with
// their images is their own business. Import this first, on the main thread: native code does not see what a worker
// thread puts into its environment.

process.env.ORT_DISABLE_TELEMETRY ??= "1";
