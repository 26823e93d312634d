"""vLLM: keeps compiled kernels below a root directory of its own."""

from __future__ import annotations

from services.reconciler.desired.backends.backend import Backend

VLLM = Backend("vllm", cache_mount="/root/.cache/vllm", cache_variable="VLLM_CACHE_ROOT")
