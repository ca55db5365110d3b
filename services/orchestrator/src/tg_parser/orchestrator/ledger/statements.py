"""The ledger's SQL: one statement per kind of row and batch. Counters move by what the rows themselves returned."""

from __future__ import annotations

from typing import Final

from sqlalchemy import text

ITEMS: Final = text("""
WITH kept AS (
    INSERT INTO orchestrator.workflow_item AS item (workflow_id, generation, stage, item_key, seq)
    SELECT workflow_id, generation, 'process', item_key, seq
    FROM unnest(cast(:workflow_id AS text[]), cast(:generation AS integer[]), cast(:item_key AS text[]),
                cast(:seq AS bigint[])) AS heard (workflow_id, generation, item_key, seq)
    ON CONFLICT (workflow_id, generation, stage, item_key) DO UPDATE SET seq = excluded.seq WHERE item.seq < excluded.seq
    RETURNING workflow_id, generation, (xmax = 0) AS fresh
)
INSERT INTO orchestrator.workflow_stage AS stage (workflow_id, generation, stage, items)
SELECT workflow_id, generation, 'process', count(*) FILTER (WHERE fresh) FROM kept GROUP BY workflow_id, generation
ON CONFLICT (workflow_id, generation, stage) DO UPDATE SET items = stage.items + excluded.items
""")
"""`xmax = 0`: the row was inserted, not updated."""

OUTCOMES: Final = text("""
WITH heard AS (
    SELECT * FROM unnest(
        cast(:workflow_id AS text[]), cast(:generation AS integer[]), cast(:item_key AS text[]), cast(:seq AS bigint[]),
        cast(:outcome AS text[]), cast(:reason AS text[]), cast(:input_tokens AS bigint[]),
        cast(:output_tokens AS bigint[]), cast(:cost_micros AS bigint[]), cast(:cache_hit AS integer[])
    ) AS heard (workflow_id, generation, item_key, seq, outcome, reason, input_tokens, output_tokens, cost_micros, cache_hit)
), won AS (
    INSERT INTO orchestrator.workflow_item AS item
        (workflow_id, generation, stage, item_key, outcome, reason, outcome_seq)
    SELECT workflow_id, generation, 'process', item_key, outcome, reason, seq FROM heard
    ON CONFLICT (workflow_id, generation, stage, item_key) DO UPDATE
    SET outcome = excluded.outcome, reason = excluded.reason, outcome_seq = excluded.outcome_seq
    WHERE item.outcome IS NULL
    RETURNING workflow_id, generation, item_key, (xmax = 0) AS fresh
)
INSERT INTO orchestrator.workflow_stage AS stage
    (workflow_id, generation, stage, items, done, skipped, failed, input_tokens, output_tokens, cost_micros, cache_hits,
     last_seq)
SELECT workflow_id, generation, 'process', count(*) FILTER (WHERE fresh), count(*) FILTER (WHERE outcome = 'done'),
       count(*) FILTER (WHERE outcome = 'skipped'), count(*) FILTER (WHERE outcome = 'failed'), sum(input_tokens),
       sum(output_tokens), sum(cost_micros), sum(cache_hit), max(seq)
FROM heard JOIN won USING (workflow_id, generation, item_key) GROUP BY workflow_id, generation
ON CONFLICT (workflow_id, generation, stage) DO UPDATE SET
    items = stage.items + excluded.items, done = stage.done + excluded.done, skipped = stage.skipped + excluded.skipped,
    failed = stage.failed + excluded.failed, input_tokens = stage.input_tokens + excluded.input_tokens,
    output_tokens = stage.output_tokens + excluded.output_tokens, cost_micros = stage.cost_micros + excluded.cost_micros,
    cache_hits = stage.cache_hits + excluded.cache_hits, last_seq = greatest(stage.last_seq, excluded.last_seq)
""")

ERASED: Final = text("""
WITH settled AS (
    UPDATE orchestrator.workflow_item AS item SET outcome = 'skipped', reason = 'erased', outcome_seq = told.seq
    FROM unnest(cast(:item_key AS text[]), cast(:seq AS bigint[])) AS told (item_key, seq)
    WHERE item.item_key = told.item_key AND item.outcome IS NULL
    RETURNING item.workflow_id, item.generation, told.seq
)
UPDATE orchestrator.workflow_stage AS stage
SET skipped = stage.skipped + counted.number, last_seq = greatest(stage.last_seq, counted.seq)
FROM (SELECT workflow_id, generation, count(*) AS number, max(seq) AS seq FROM settled GROUP BY 1, 2) AS counted
WHERE (stage.workflow_id, stage.generation, stage.stage) = (counted.workflow_id, counted.generation, 'process')
RETURNING stage.workflow_id, stage.generation
""")
"""A message that is erased needs no outcome any more, in whichever workflow it waits for one."""

EXPECTED: Final = text("""
INSERT INTO orchestrator.workflow_stage AS stage (workflow_id, generation, stage, expected)
SELECT workflow_id, generation, 'process', expected
FROM unnest(cast(:workflow_id AS text[]), cast(:generation AS integer[]), cast(:expected AS bigint[]))
     AS heard (workflow_id, generation, expected)
ON CONFLICT (workflow_id, generation, stage) DO UPDATE SET expected = coalesce(stage.expected, excluded.expected)
""")

COMPLETED: Final = text("""
INSERT INTO orchestrator.notice (workflow_id, generation, kind, seq, body)
SELECT stage.workflow_id, stage.generation, :kind, stage.last_seq, jsonb_build_object(
    'generation', stage.generation, 'expected', stage.expected, 'done', stage.done, 'failed', stage.failed,
    'input_tokens', stage.input_tokens, 'output_tokens', stage.output_tokens, 'cost_micros', stage.cost_micros,
    'cache_hits', stage.cache_hits, 'last_seq', stage.last_seq,
    'skipped', (
        SELECT coalesce(jsonb_object_agg(reason, number), '{}') FROM (
            SELECT reason, count(*) AS number FROM orchestrator.workflow_item AS item
            WHERE (item.workflow_id, item.generation, item.stage) = (stage.workflow_id, stage.generation, stage.stage)
              AND outcome = 'skipped' GROUP BY reason) AS reasons),
    'failed_sample', (
        SELECT coalesce(jsonb_agg(item_key ORDER BY item_key), '[]') FROM (
            SELECT item_key FROM orchestrator.workflow_item AS item
            WHERE (item.workflow_id, item.generation, item.stage) = (stage.workflow_id, stage.generation, stage.stage)
              AND outcome = 'failed' ORDER BY item_key LIMIT 20) AS failures)
)::text
FROM orchestrator.workflow_stage AS stage
JOIN unnest(cast(:workflow_id AS text[]), cast(:generation AS integer[])) AS touched (workflow_id, generation)
  USING (workflow_id, generation)
WHERE stage.stage = 'process' AND stage.done + stage.failed + stage.skipped >= stage.expected
  AND stage.done + stage.failed + stage.skipped = stage.items
  AND NOT EXISTS (SELECT FROM orchestrator.notice AS told
                  WHERE told.workflow_id = stage.workflow_id AND told.generation = stage.generation AND told.kind = :kind)
""")
"""A stage is over when its expected number is known and every message of it has an outcome, in whichever order they came."""

NOTICES: Final = text("""
INSERT INTO orchestrator.notice (workflow_id, generation, kind, seq, body)
SELECT * FROM unnest(cast(:workflow_id AS text[]), cast(:generation AS integer[]), cast(:kind AS text[]),
                     cast(:seq AS bigint[]), cast(:body AS text[]))
ON CONFLICT DO NOTHING
""")

PIPELINES: Final = text("""
INSERT INTO orchestrator.item_pipeline AS known (source_ref, pipeline_key, content_hash, seq)
SELECT * FROM unnest(cast(:source_ref AS text[]), cast(:pipeline_key AS text[]), cast(:content_hash AS text[]),
                     cast(:seq AS bigint[]))
ON CONFLICT (source_ref) DO UPDATE SET
    pipeline_key = excluded.pipeline_key, content_hash = excluded.content_hash, seq = excluded.seq
WHERE known.seq < excluded.seq
""")

IMPORTED: Final = text("""
INSERT INTO orchestrator.imported_document AS known (source_ref, seq)
SELECT * FROM unnest(cast(:source_ref AS text[]), cast(:seq AS bigint[]))
ON CONFLICT (source_ref) DO UPDATE SET seq = excluded.seq WHERE known.seq < excluded.seq
""")

NOT_IMPORTED: Final = text(
    "DELETE FROM orchestrator.imported_document WHERE source_ref = any(cast(:source_ref AS text[]))"
)
"""What is erased has no document either."""

CHANNELS: Final = text("""
INSERT INTO orchestrator.channel AS known (channel_id, title, seq)
SELECT * FROM unnest(cast(:channel_id AS text[]), cast(:title AS text[]), cast(:seq AS bigint[]))
ON CONFLICT (channel_id) DO UPDATE SET title = excluded.title, seq = excluded.seq WHERE known.seq < excluded.seq
""")
