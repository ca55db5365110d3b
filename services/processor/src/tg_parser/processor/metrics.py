"""What is counted about documents. Labels are configured names, so they stay few."""

from __future__ import annotations

from prometheus_client import Counter

EVIDENCE = Counter(
    "tg_llm_evidence_total",
    "Key points, entities and dates of models: `kept` with a quote of the post, or `dropped` because it says no such thing.",
    ["provider", "model", "prompt", "outcome"],
)
"""Their ratio is the rate of hallucination of a model with a prompt."""

PAUSES = Counter("tg_processing_pauses_total", "Times a workflow was said to need a person.", ["reason"])
