"""TensorRT-LLM: nothing to add on a single node."""

from __future__ import annotations

from services.reconciler.desired.backends.backend import Backend

TRTLLM = Backend("trtllm")
