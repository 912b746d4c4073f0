-- Schema 3: peers have identities, and their introductions are kept whole. SQLite changes no constraint in place, so
-- the table is made anew.

DROP VIEW peers;
ALTER TABLE peer RENAME TO peer_2;
DROP INDEX peer_by_user_agent;

CREATE TABLE peer (
    id INTEGER PRIMARY KEY,
    address TEXT NOT NULL,
    chain INTEGER NOT NULL, -- text
    -- The key of the node, as its protocol spells it. Empty where nodes have no key, and where it is not known.
    identity TEXT NOT NULL DEFAULT '',
    network INTEGER NOT NULL, -- BIP155's number
    first_seen INTEGER NOT NULL,
    last_seen INTEGER,
    source INTEGER, -- text
    services INTEGER NOT NULL DEFAULT 0, -- 64 bits, the highest of which makes it negative
    tried INTEGER NOT NULL DEFAULT 0,
    good INTEGER NOT NULL DEFAULT 0,
    last_tried INTEGER,
    last_good INTEGER,
    outcome INTEGER, -- 0 ok, 1 partial, 2 failed
    stage INTEGER, -- 0 resolve, 1 connect, 2 transport, 3 hello, 4 ack, 5 done
    reason INTEGER, -- text
    v1 INTEGER, -- an outcome
    v2 INTEGER, -- an outcome
    version INTEGER,
    user_agent INTEGER, -- text
    height INTEGER,
    latency INTEGER, -- microseconds
    reliability_2h REAL,
    reliability_8h REAL,
    reliability_1d REAL,
    reliability_7d REAL,
    reliability_30d REAL,
    -- The weight and the count of each of these five averages: ten little-endian 32-bit floats.
    averages BLOB,
    UNIQUE (address, chain, identity)
) STRICT;

INSERT INTO peer
SELECT
    id, address, chain, '', network, first_seen, last_seen, source, services, tried, good, last_tried, last_good,
    outcome, stage, reason, v1, v2, version, user_agent, height, latency,
    reliability_2h, reliability_8h, reliability_1d, reliability_7d, reliability_30d, averages
FROM peer_2 ORDER BY id;

DROP TABLE peer_2;

-- Counting by user agent reads this alone, in its order.
CREATE INDEX peer_by_user_agent ON peer (user_agent);

-- The addresses of a node.
CREATE INDEX peer_by_identity ON peer (identity) WHERE identity <> '';

-- How peers introduced themselves last, whole: a JSON object, with the fields that `verack schema` describes. New ones
-- are appended: in the order of the peers, each batch of a crawl would write most pages of the table.
CREATE TABLE introduction (
    id INTEGER PRIMARY KEY,
    peer INTEGER NOT NULL UNIQUE,
    at INTEGER NOT NULL,
    json TEXT NOT NULL
) STRICT;

CREATE VIEW peers AS
SELECT
    peer.address,
    chain.text AS chain,
    CASE network
        WHEN 1 THEN 'ipv4' WHEN 2 THEN 'ipv6' WHEN 3 THEN 'onion-v2' WHEN 4 THEN 'onion'
        WHEN 5 THEN 'i2p' WHEN 6 THEN 'cjdns' WHEN 7 THEN 'yggdrasil'
    END AS network,
    CASE outcome WHEN 0 THEN 'ok' WHEN 1 THEN 'partial' WHEN 2 THEN 'failed' END AS outcome,
    CASE stage
        WHEN 0 THEN 'resolve' WHEN 1 THEN 'connect' WHEN 2 THEN 'transport'
        WHEN 3 THEN 'hello' WHEN 4 THEN 'ack' WHEN 5 THEN 'done'
    END AS stage,
    reason.text AS reason,
    CASE v1 WHEN 0 THEN 'ok' WHEN 1 THEN 'partial' WHEN 2 THEN 'failed' END AS v1,
    CASE v2 WHEN 0 THEN 'ok' WHEN 1 THEN 'partial' WHEN 2 THEN 'failed' END AS v2,
    version,
    services,
    user_agent.text AS user_agent,
    height,
    latency / 1000.0 AS latency_ms,
    datetime(first_seen, 'unixepoch') AS first_seen,
    datetime(last_seen, 'unixepoch') AS last_seen,
    datetime(last_tried, 'unixepoch') AS last_tried,
    datetime(last_good, 'unixepoch') AS last_good,
    tried,
    good,
    reliability_2h, reliability_8h, reliability_1d, reliability_7d, reliability_30d,
    source.text AS source,
    nullif(peer.identity, '') AS identity,
    introduction.json AS introduction
FROM peer
JOIN text AS chain ON chain.id = peer.chain
LEFT JOIN text AS reason ON reason.id = peer.reason
LEFT JOIN text AS user_agent ON user_agent.id = peer.user_agent
LEFT JOIN text AS source ON source.id = peer.source
LEFT JOIN introduction ON introduction.peer = peer.id;
