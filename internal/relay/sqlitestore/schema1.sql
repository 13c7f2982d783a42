-- One row for each endpoint. Numbers are given by counting seq up, never by looking at
-- what is left, so that none is given twice. Beside each seq stands the log's total there:
-- the bytes of all requests ever taken, so that what lies between two places in the log
-- is a subtraction.
CREATE TABLE endpoints (
  id            INTEGER PRIMARY KEY,
  name          TEXT    NOT NULL UNIQUE,
  seq           INTEGER NOT NULL DEFAULT 0, -- the number given last
  total         INTEGER NOT NULL DEFAULT 0,
  acked         INTEGER NOT NULL DEFAULT 0, -- the highest that any agent has acknowledged
  acked_total   INTEGER NOT NULL DEFAULT 0,
  trimmed       INTEGER NOT NULL DEFAULT 0, -- requests up to this one are deleted
  trimmed_total INTEGER NOT NULL DEFAULT 0
) STRICT;

-- The runs of the store, in order, and the seq at which each began. A copy that is
-- restored lacks the epochs that came after it was made.
CREATE TABLE epochs (
  n        INTEGER PRIMARY KEY,
  endpoint INTEGER NOT NULL,
  epoch    INTEGER NOT NULL,
  first    INTEGER NOT NULL,
  UNIQUE (endpoint, epoch)
) STRICT;

-- The logs. A request's key is made of its endpoint and its seq (see keyOf), which keeps
-- a log together and needs no index beside the table. What is long comes last, so that
-- the rest is read without it.
CREATE TABLE requests (
  key    INTEGER PRIMARY KEY,
  total  INTEGER NOT NULL, -- the endpoint's total, this request included
  length INTEGER NOT NULL, -- of the body
  spool  INTEGER,          -- NULL where the body stands here
  head   BLOB    NOT NULL, -- CBOR: all but the body
  body   BLOB              -- NULL where it is spooled
) STRICT;

CREATE INDEX requests_spool ON requests (spool) WHERE spool IS NOT NULL;

-- The bodies of spools, in parts. A spool that no request names is an orphan.
CREATE TABLE parts (
  spool  INTEGER NOT NULL,
  offset INTEGER NOT NULL, -- of the part in the body
  data   BLOB    NOT NULL,
  PRIMARY KEY (spool, offset)
) STRICT;

-- How far each agent has acknowledged.
CREATE TABLE agents (
  endpoint INTEGER NOT NULL,
  name     TEXT    NOT NULL,
  seq      INTEGER NOT NULL,
  total    INTEGER NOT NULL, -- the endpoint's total at seq
  seen     INTEGER NOT NULL, -- milliseconds since 1970
  PRIMARY KEY (endpoint, name)
) STRICT, WITHOUT ROWID;

-- Up to which seq nobody needed the log, and since when: the grace counts from there.
CREATE TABLE freed (
  endpoint INTEGER NOT NULL,
  seq      INTEGER NOT NULL,
  at       INTEGER NOT NULL, -- milliseconds since 1970
  PRIMARY KEY (endpoint, seq)
) STRICT, WITHOUT ROWID;
