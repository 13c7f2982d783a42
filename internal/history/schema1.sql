-- The requests that came in on endpoints, and those that trigger made itself. The body
-- stands last: SQLite reads a row from its beginning, and a large one spans many pages.
CREATE TABLE requests (
  n            INTEGER PRIMARY KEY, -- in the order they were recorded
  id           TEXT    NOT NULL UNIQUE,
  agent        TEXT    NOT NULL,    -- the one that recorded it first; '' for those of trigger
  endpoint     TEXT    NOT NULL,    -- '' for those of trigger
  epoch        INTEGER NOT NULL,    -- of the endpoint's log; 0 for those of trigger
  seq          INTEGER NOT NULL,    -- in the endpoint's log; 0 for those of trigger
  received     INTEGER NOT NULL,    -- nanoseconds since 1970
  event_id     TEXT,                -- NULL where the body is no event
  event_type   TEXT,
  verdict      TEXT    NOT NULL,    -- see signature.Verdict
  disposition  TEXT    NOT NULL,    -- see activity.Disposition
  reason       TEXT    NOT NULL,    -- why it is not forwarded; '' where it is
  duplicate_of TEXT,                -- the first request with this event id
  other_body   INTEGER NOT NULL,    -- 1 where that request's body was another
  body_hash    BLOB    NOT NULL,    -- SHA-256
  head         BLOB    NOT NULL,    -- CBOR: all but the body
  body         BLOB    NOT NULL
) STRICT;

CREATE INDEX requests_event ON requests (event_id, n) WHERE event_id IS NOT NULL;

-- Further agents that recorded a request. Agents of one endpoint share a history, and
-- each of them delivers what comes.
CREATE TABLE also (
  request INTEGER NOT NULL REFERENCES requests (n),
  agent   TEXT    NOT NULL,
  PRIMARY KEY (request, agent)
) STRICT, WITHOUT ROWID;

-- Requests on their way to a target.
CREATE TABLE deliveries (
  n       INTEGER PRIMARY KEY, -- in the order they were recorded
  id      TEXT    NOT NULL UNIQUE,
  request INTEGER NOT NULL REFERENCES requests (n),
  agent   TEXT    NOT NULL, -- '' where no session made it
  target  TEXT    NOT NULL,
  origin  TEXT    NOT NULL, -- see delivery.Origin
  state   TEXT    NOT NULL, -- see delivery.State
  created INTEGER NOT NULL  -- nanoseconds since 1970
) STRICT;

CREATE INDEX deliveries_request ON deliveries (request);
CREATE INDEX deliveries_pending ON deliveries (agent, target) WHERE state = 'pending' AND origin = 'received';
CREATE UNIQUE INDEX deliveries_once ON deliveries (request, agent, target) WHERE origin = 'received';

-- The HTTP tries of a delivery.
CREATE TABLE attempts (
  delivery  INTEGER NOT NULL REFERENCES deliveries (n),
  number    INTEGER NOT NULL, -- 1 for the first
  started   INTEGER NOT NULL, -- nanoseconds since 1970
  duration  INTEGER NOT NULL, -- nanoseconds
  kind      TEXT    NOT NULL, -- see delivery.Kind
  error     TEXT    NOT NULL,
  status    INTEGER NOT NULL, -- 0 unless answered
  truncated INTEGER NOT NULL, -- 1 where the response's body was longer
  header    BLOB    NOT NULL, -- CBOR, of the response
  body      BLOB,             -- of the response, at most delivery.MaxRecordedBody; NULL unless answered
  PRIMARY KEY (delivery, number)
) STRICT;

-- How far each agent has recorded its endpoint's log. It moves in the same transaction
-- as the requests are recorded, and deleting requests doesn't move it.
CREATE TABLE positions (
  agent TEXT    PRIMARY KEY,
  epoch INTEGER NOT NULL,
  seq   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
