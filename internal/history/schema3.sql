-- Where a delivery stands in the schedule of its retries.
ALTER TABLE deliveries ADD COLUMN failed INTEGER NOT NULL DEFAULT 0; -- attempts that failed; interrupted ones decide nothing
ALTER TABLE deliveries ADD COLUMN due INTEGER;                      -- when the next may start, nanoseconds since 1970; NULL for at once
ALTER TABLE deliveries ADD COLUMN wait INTEGER NOT NULL DEFAULT 0;  -- nanoseconds that due was planned with

-- What isn't final: pending, or held until its webhook is enabled.
DROP INDEX deliveries_pending;
CREATE INDEX deliveries_open ON deliveries (agent, target) WHERE state IN ('pending', 'held');

-- The webhooks of sessions with retries. An agent has an endpoint of its own, and what one
-- agent holds another can't deliver, so a webhook is an agent's endpoint and a target.
CREATE TABLE webhooks (
  agent         TEXT    NOT NULL,
  target        TEXT    NOT NULL,
  state         TEXT    NOT NULL, -- see delivery.WebhookState
  since         INTEGER,          -- nanoseconds since 1970; NULL where it was always enabled
  cause         TEXT    NOT NULL, -- the delivery whose exhaustion disabled it; '' where somebody did
  schedule      TEXT    NOT NULL, -- of the last session with retries, see delivery.ParseSchedule
  speed         TEXT    NOT NULL, -- see delivery.ParseSpeed
  disable_after INTEGER NOT NULL,
  PRIMARY KEY (agent, target)
) STRICT, WITHOUT ROWID;

-- Where a received event is not what the catalogue says of its type. It is a table of its
-- own: most events have none, and behind a large body of its request it would be far away.
CREATE TABLE drift (
  request  INTEGER PRIMARY KEY REFERENCES requests (n),
  warnings TEXT    NOT NULL -- one a line
) STRICT;

-- What went wrong with an attempt on purpose, before the response, which may be large.
CREATE TABLE attempts2 (
  delivery  INTEGER NOT NULL REFERENCES deliveries (n),
  number    INTEGER NOT NULL, -- from here on as in schema 1
  started   INTEGER NOT NULL,
  duration  INTEGER NOT NULL,
  kind      TEXT    NOT NULL,
  error     TEXT    NOT NULL,
  status    INTEGER NOT NULL,
  fault     TEXT    NOT NULL DEFAULT '', -- '' for nothing
  truncated INTEGER NOT NULL,
  header    BLOB    NOT NULL,
  body      BLOB,
  PRIMARY KEY (delivery, number)
) STRICT, WITHOUT ROWID;

INSERT INTO attempts2 SELECT delivery, number, started, duration, kind, error, status, '', truncated, header, body FROM attempts;
DROP TABLE attempts;
ALTER TABLE attempts2 RENAME TO attempts;
