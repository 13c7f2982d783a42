-- One row for each endpoint. Numbers are given by counting seq up, never by looking at
-- what is left, so that none is given twice.
CREATE TABLE endpoints (
  id            INTEGER PRIMARY KEY,
  name          TEXT    NOT NULL UNIQUE,
  seq           INTEGER NOT NULL, -- the number given last
  total         INTEGER NOT NULL, -- bytes of all requests ever taken
  trimmed       INTEGER NOT NULL, -- requests up to this seq are deleted
  trimmed_total INTEGER NOT NULL  -- total as it was after that request
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
-- a log together and needs no index beside the table.
CREATE TABLE requests (
  key    INTEGER PRIMARY KEY,
  total  INTEGER NOT NULL, -- the endpoint's total, this request included
  head   BLOB    NOT NULL, -- CBOR: all but the body
  length INTEGER NOT NULL, -- of the body
  body   BLOB,             -- NULL where it is spooled
  spool  INTEGER           -- NULL where it is not
) STRICT;

CREATE INDEX requests_spool ON requests (spool) WHERE spool IS NOT NULL;

-- The bodies of spools, in parts.
CREATE TABLE parts (
  spool  INTEGER NOT NULL,
  offset INTEGER NOT NULL, -- of the part in the body
  data   BLOB    NOT NULL,
  PRIMARY KEY (spool, offset)
) STRICT;

CREATE TABLE spools (id INTEGER PRIMARY KEY AUTOINCREMENT) STRICT;

-- How far each agent has acknowledged.
CREATE TABLE agents (
  endpoint INTEGER NOT NULL,
  name     TEXT    NOT NULL,
  seq      INTEGER NOT NULL,
  total    INTEGER NOT NULL, -- the endpoint's total at seq
  seen     INTEGER NOT NULL, -- milliseconds since 1970
  PRIMARY KEY (endpoint, name)
) STRICT, WITHOUT ROWID;

-- Up to which seq everybody had acknowledged, and when: the grace counts from there.
CREATE TABLE freed (
  endpoint INTEGER NOT NULL,
  seq      INTEGER NOT NULL,
  at       INTEGER NOT NULL, -- milliseconds since 1970
  PRIMARY KEY (endpoint, seq)
) STRICT, WITHOUT ROWID;
