-- Fewer trees to write for each event. A delivery is found by its request and known as the
-- only one for its agent and target by one index, in which those that somebody asked for
-- once more stand apart by their number.
DROP INDEX deliveries_request;
DROP INDEX deliveries_once;
CREATE UNIQUE INDEX deliveries_of ON deliveries (request, agent, target, CASE origin WHEN 'received' THEN 0 ELSE n END);

-- And an attempt stands in its index itself.
CREATE TABLE attempts2 (
  delivery  INTEGER NOT NULL REFERENCES deliveries (n),
  number    INTEGER NOT NULL, -- from here on as in schema 1
  started   INTEGER NOT NULL,
  duration  INTEGER NOT NULL,
  kind      TEXT    NOT NULL,
  error     TEXT    NOT NULL,
  status    INTEGER NOT NULL,
  truncated INTEGER NOT NULL,
  header    BLOB    NOT NULL,
  body      BLOB,
  PRIMARY KEY (delivery, number)
) STRICT, WITHOUT ROWID;

INSERT INTO attempts2 SELECT delivery, number, started, duration, kind, error, status, truncated, header, body FROM attempts;
DROP TABLE attempts;
ALTER TABLE attempts2 RENAME TO attempts;
