// onnxruntime-node reports to its maker unless it is told otherwise before it loads. Nothing leaves the hub unasked: every file
// that imports the runtime imports this one first; the pool too, because a thread's environment is a copy that native code does not see.
process.env.ORT_DISABLE_TELEMETRY = "1";
