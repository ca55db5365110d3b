"""What an export asks of the read model. Every order is by bytes: the columns are collated "C"."""

from __future__ import annotations

from sqlalchemy import text

POSITION = text("SELECT last_seq FROM exporter.projection_position WHERE projection = 'exporter.entries'")

EVERYTHING = text(
    "SELECT set_config('work_mem', '2MB', true), set_config('hash_mem_multiplier', '1', true), "
    "set_config('enable_nestloop', 'off', true)"
)
"""For queries that read whole tables. Each join and sort may take so much memory; the rest goes to the server's disk. An export
is still the moment at which Postgres takes most. After a first import nobody has counted the rows yet: the planner expects a
few and compares each message with every other. A hash join is right for any number of them."""

A_FEW = text("SELECT set_config('enable_nestloop', 'on', true)")
"""For queries that look a few rows up by their keys."""

CHANNELS = text(
    "SELECT channel_id, title, username FROM exporter.channel LEFT JOIN exporter.username USING (channel_id)"
)

OUTCOMES = text(
    """
    SELECT post.channel_id, outcome.kind, coalesce(outcome.reason, '') AS reason, count(*) AS messages,
           min(post.posted_at) AS first_at, max(post.posted_at) AS last_at
    FROM exporter.post LEFT JOIN exporter.outcome USING (source_ref) LEFT JOIN exporter.presence USING (source_ref)
    WHERE presence.gone IS NOT TRUE
    GROUP BY 1, 2, 3
    ORDER BY 1, 2, 3
    """
)

DELETED = text("SELECT count(*) AS messages FROM exporter.presence WHERE gone")

REJECTED = text(
    """
    SELECT DISTINCT workflow_id, position, channel_id, message_id, reason
    FROM exporter.rejected
    ORDER BY workflow_id, channel_id, position, message_id, reason
    """
)

POSTS = text(
    """
    SELECT count(DISTINCT (channel_id, coalesce(grouped_id, source_ref))) AS posts
    FROM exporter.post LEFT JOIN exporter.presence USING (source_ref, channel_id)
    WHERE presence.gone IS NOT TRUE AND split_part(source_ref, ':', 3) <> 'comment'
    """
)
"""An album counts once."""

MESSAGES = text(
    """
    WITH membership AS (
        SELECT member AS source_ref, string_agg(topic_id, E'\\n') AS topic_ids
        FROM exporter.topic CROSS JOIN LATERAL unnest(string_to_array(topic.members, E'\\n')) AS member
        WHERE topic.alive
        GROUP BY 1
    ), album AS (
        SELECT post.channel_id, post.grouped_id, array_agg(source_ref ORDER BY message_id) AS members,
               array_agg(post.body ORDER BY message_id) AS observed,
               array_agg(outcome.body ORDER BY message_id) AS processed,
               (array_agg(source_ref ORDER BY message_id) FILTER (WHERE outcome.kind = 'processed'))[1] AS speaker,
               string_agg(membership.topic_ids, E'\\n') AS topic_ids
        FROM exporter.post LEFT JOIN exporter.outcome USING (source_ref) LEFT JOIN exporter.presence USING (source_ref)
        LEFT JOIN membership USING (source_ref)
        WHERE post.grouped_id IS NOT NULL AND presence.gone IS NOT TRUE
        GROUP BY 1, 2
        HAVING count(*) > 1
    )
    SELECT coalesce(album.members[1], post.source_ref) AS entry_ref,
           post.source_ref, post.body, outcome.body, post.seq, outcome.seq, post.channel_id, channel.title, username.username,
           coalesce(album.topic_ids, membership.topic_ids), album.members, album.observed, album.processed
    FROM exporter.post
    JOIN exporter.outcome USING (source_ref)
    LEFT JOIN album ON album.channel_id = post.channel_id AND album.grouped_id = post.grouped_id
    LEFT JOIN membership ON membership.source_ref = post.source_ref
    LEFT JOIN exporter.channel ON channel.channel_id = post.channel_id
    LEFT JOIN exporter.username ON username.channel_id = post.channel_id
    LEFT JOIN exporter.presence ON presence.source_ref = post.source_ref
    WHERE presence.gone IS NOT TRUE AND outcome.kind = 'processed' AND post.root_ref IS NULL
          AND (album.speaker IS NULL OR album.speaker = post.source_ref)
    ORDER BY entry_ref
    """
)
"""An album is one post under the name of its head; the first of its messages that has a document speaks for it.

Comments whose post is known are not among them: they stand in its thread.
"""

COMMENTS = text(
    """
    WITH membership AS (
        SELECT member AS source_ref, string_agg(topic_id, E'\\n') AS topic_ids
        FROM exporter.topic CROSS JOIN LATERAL unnest(string_to_array(topic.members, E'\\n')) AS member
        WHERE topic.alive
        GROUP BY 1
    ), comment AS (
        SELECT post.root_ref, post.source_ref, post.message_id, post.body AS observed, outcome.body AS processed,
               row_number() OVER (PARTITION BY post.root_ref ORDER BY post.message_id, post.source_ref) AS place
        FROM exporter.post JOIN exporter.outcome USING (source_ref) LEFT JOIN exporter.presence USING (source_ref)
        WHERE post.root_ref IS NOT NULL AND presence.gone IS NOT TRUE AND outcome.kind = 'processed'
    )
    SELECT comment.root_ref, comment.source_ref, comment.observed, comment.processed, root.body AS root_observed,
           root_outcome.body AS root_processed, membership.topic_ids
    FROM comment
    LEFT JOIN membership ON membership.source_ref = comment.source_ref
    LEFT JOIN exporter.presence root_presence ON root_presence.source_ref = comment.root_ref AND comment.place = 1
    LEFT JOIN exporter.post root ON root.source_ref = comment.root_ref AND comment.place = 1
                                AND root_presence.gone IS NOT TRUE
    LEFT JOIN exporter.outcome root_outcome ON root_outcome.source_ref = root.source_ref
    ORDER BY comment.root_ref, comment.place
    """
)
"""Comments under their posts; the post itself comes with the first of them."""

TOPICS = text(
    """
    SELECT topic.topic_id, topic.body, topic.seq, string_to_array(topic.members, E'\\n') AS members,
           split.parent AS split_from,
           ARRAY(
               WITH RECURSIVE absorbed AS (
                   SELECT alias FROM exporter.topic_alias WHERE topic_alias.topic_id = topic.topic_id
                   UNION
                   SELECT earlier.alias FROM exporter.topic_alias earlier JOIN absorbed ON earlier.topic_id = absorbed.alias
               )
               SELECT alias FROM absorbed WHERE alias <> topic.topic_id ORDER BY alias
           ) AS aliases
    FROM exporter.topic LEFT JOIN exporter.topic_split split ON split.child = topic.topic_id
    WHERE topic.alive AND topic.topic_id > :after
    ORDER BY topic.topic_id
    LIMIT :limit
    """
)

MEMBERS = text(
    """
    SELECT source_ref, post.channel_id, post.body AS observed, outcome.body AS processed, channel.title, username.username
    FROM exporter.post
    LEFT JOIN exporter.outcome USING (source_ref)
    LEFT JOIN exporter.presence USING (source_ref)
    LEFT JOIN exporter.channel ON channel.channel_id = post.channel_id
    LEFT JOIN exporter.username ON username.channel_id = post.channel_id
    WHERE source_ref = ANY (cast(:refs as text[])) AND presence.gone IS NOT TRUE
    """
)
