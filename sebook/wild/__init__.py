"""Networks of others: fetched from their packages, made ready for ONNX Runtime, never kept in this repository."""
