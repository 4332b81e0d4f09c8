"""Networks as files, ONNX and TFLite: their gates found in the graph, read, overridden, proved and folded."""
