"""What an export asks of the read model. Every order is by bytes: the columns are collated "C"."""

from __future__ import annotations

from sqlalchemy import text

POSITION = text("SELECT last_seq FROM exporter.projection_position WHERE projection = 'exporter.entries'")

SORT_MEMORY = text("SET LOCAL work_mem = '8MB'")
"""Sorting two thousand documents fits; more go to the server's disk, which costs little beside reading them."""

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

MESSAGES = text(
    """
    WITH album AS (
        SELECT post.channel_id, post.grouped_id, array_agg(source_ref ORDER BY message_id) AS members,
               (array_agg(source_ref ORDER BY message_id) FILTER (WHERE outcome.kind = 'processed'))[1] AS speaker
        FROM exporter.post LEFT JOIN exporter.outcome USING (source_ref) LEFT JOIN exporter.presence USING (source_ref)
        WHERE post.grouped_id IS NOT NULL AND presence.gone IS NOT TRUE
        GROUP BY 1, 2
        HAVING count(*) > 1
    ), membership AS (
        SELECT member AS source_ref, array_agg(topic_id ORDER BY topic_id) AS topic_ids
        FROM exporter.topic CROSS JOIN LATERAL unnest(string_to_array(topic.members, E'\\n')) AS member
        WHERE topic.alive
        GROUP BY 1
    )
    SELECT CASE WHEN post.source_ref = album.speaker THEN album.members[1] ELSE post.source_ref END AS entry_ref,
           post.source_ref, post.body, outcome.body, post.seq, outcome.seq,
           post.channel_id, channel.title, username.username, album.members, membership.topic_ids
    FROM exporter.post
    JOIN exporter.outcome USING (source_ref)
    LEFT JOIN album ON album.channel_id = post.channel_id AND album.grouped_id = post.grouped_id
    LEFT JOIN membership ON membership.source_ref = post.source_ref
    LEFT JOIN exporter.channel ON channel.channel_id = post.channel_id
    LEFT JOIN exporter.username ON username.channel_id = post.channel_id
    LEFT JOIN exporter.presence ON presence.source_ref = post.source_ref
    WHERE presence.gone IS NOT TRUE AND outcome.kind = 'processed'
    ORDER BY entry_ref
    """
)
"""The first message of an album that has a document speaks for it, under the name of the album's head.

Further messages of it with a text of their own keep their own entries, so that nothing is lost.
"""

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
