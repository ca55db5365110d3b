"""The metrics every service shares. Labels are enumerations: a kind of job, an outcome, a projection, never a subject."""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

SECONDS = (0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60, 300)

JOBS = Counter("tg_jobs_total", "Jobs settled, by what became of them.", ["kind", "outcome"])
JOB_SECONDS = Histogram("tg_job_duration_seconds", "Time a handler took for one job.", ["kind"], buckets=SECONDS)
JOBS_IN_FLIGHT = Gauge("tg_jobs_inflight", "Jobs being handled now.", ["kind"])
FACTS = Counter("tg_facts_total", "Facts told.", ["type"])
FOLDED = Counter("tg_projection_events_total", "Facts folded into tables.", ["projection"])
LEFT_OUT = Counter("tg_projection_left_out_total", "Facts that could not be folded.", ["projection"])
LAG = Gauge("tg_projection_lag_events", "Facts in the log that a projection has not yet folded.", ["projection"])
FOLD_DELAY = Histogram("tg_e2e_seconds", "From the telling of a fact to its row.", ["projection"], buckets=SECONDS)
DEAD_LETTERS = Counter("tg_dlq_messages_total", "Jobs that could not be done.", ["kind", "error_class"])
OCC_CONFLICTS = Counter("tg_occ_conflicts_total", "Appends to a workflow's log that came second.")
READY = Gauge("tg_ready", "1 while a service's servers and consumers really answer.", ["service"])
