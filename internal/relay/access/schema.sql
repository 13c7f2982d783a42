-- Times are in milliseconds since 1970, NULL for never.

-- No token stands here: hash is the SHA-256 of one.
CREATE TABLE tokens (
	id      TEXT PRIMARY KEY,
	hash    BLOB NOT NULL UNIQUE,
	owner   TEXT NOT NULL,
	scope   TEXT NOT NULL,
	comment TEXT NOT NULL,
	created INTEGER NOT NULL,
	expires INTEGER,
	revoked INTEGER,
	used    INTEGER
) STRICT, WITHOUT ROWID;

CREATE INDEX tokens_by_owner ON tokens (owner);

-- A deleted endpoint keeps its row, so that its id can't be given again. cleared is 1
-- once its log is gone for certain.
CREATE TABLE endpoints (
	id      TEXT PRIMARY KEY,
	owner   TEXT NOT NULL,
	name    TEXT NOT NULL,
	created INTEGER NOT NULL,
	deleted INTEGER,
	cleared INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX endpoints_by_name ON endpoints (owner, name) WHERE deleted IS NULL;

CREATE INDEX endpoints_to_clear ON endpoints (id) WHERE deleted IS NOT NULL AND cleared = 0;
