-- Endpoints can be deleted, and requests' keys are made of an endpoint's number: so a
-- number is never given twice, or a new log would find what is left of an old one.
-- run is the run of the store that began an epoch here last.
CREATE TABLE endpoints2 (
  id            INTEGER PRIMARY KEY AUTOINCREMENT,
  name          TEXT    NOT NULL UNIQUE,
  run           INTEGER NOT NULL DEFAULT 0,
  seq           INTEGER NOT NULL DEFAULT 0, -- from here on as in schema 1
  total         INTEGER NOT NULL DEFAULT 0,
  acked         INTEGER NOT NULL DEFAULT 0,
  acked_total   INTEGER NOT NULL DEFAULT 0,
  trimmed       INTEGER NOT NULL DEFAULT 0,
  trimmed_total INTEGER NOT NULL DEFAULT 0
) STRICT;

INSERT INTO endpoints2 (id, name, seq, total, acked, acked_total, trimmed, trimmed_total)
  SELECT id, name, seq, total, acked, acked_total, trimmed, trimmed_total FROM endpoints;
DROP TABLE endpoints;
ALTER TABLE endpoints2 RENAME TO endpoints;

-- The numbers of deleted endpoints of which something is still there.
CREATE TABLE deleted (endpoint INTEGER PRIMARY KEY) STRICT;

-- Up to which seq nobody has needed the log since at the latest: the grace counts from
-- there. The time is the end of a step of the grace, so that there are few.
CREATE TABLE freed2 (
  endpoint INTEGER NOT NULL,
  at       INTEGER NOT NULL, -- milliseconds since 1970
  seq      INTEGER NOT NULL,
  PRIMARY KEY (endpoint, at)
) STRICT, WITHOUT ROWID;

INSERT INTO freed2 SELECT endpoint, at, max(seq) FROM freed GROUP BY endpoint, at;
DROP TABLE freed;
ALTER TABLE freed2 RENAME TO freed;
