-- A job's past. Times are milliseconds since the Unix epoch, ids are the sixteen bytes of a UUID.

CREATE TABLE jobs (
  id                BLOB    NOT NULL PRIMARY KEY,
  client            TEXT    NOT NULL,
  blueprint         TEXT    NOT NULL,
  blueprint_version TEXT    NOT NULL,
  status            TEXT    NOT NULL,
  state             TEXT    NOT NULL,
  created_at_ms     INTEGER NOT NULL,
  updated_at_ms     INTEGER NOT NULL,
  ended_at_ms       INTEGER,
  parent            BLOB,
  version           INTEGER NOT NULL,
  failure           TEXT
) STRICT, WITHOUT ROWID;

-- A list is a merge of one walk for each status, newest first, so each index ends in the order of the list.
CREATE INDEX jobs_of_client ON jobs (client, status, created_at_ms, id);
CREATE INDEX jobs_of_blueprint ON jobs (client, blueprint, status, created_at_ms, id);
CREATE INDEX jobs_of_all ON jobs (status, created_at_ms, id);

CREATE TABLE job_labels (
  job_id        BLOB    NOT NULL,
  key           TEXT    NOT NULL,
  value         TEXT    NOT NULL,
  client        TEXT    NOT NULL,
  created_at_ms INTEGER NOT NULL,
  PRIMARY KEY (job_id, key)
) STRICT, WITHOUT ROWID;

CREATE INDEX jobs_of_label ON job_labels (client, key, value, created_at_ms, job_id);

CREATE TABLE job_events (
  job_id         BLOB    NOT NULL,
  version        INTEGER NOT NULL,
  n              INTEGER NOT NULL,
  at_ms          INTEGER NOT NULL,
  kind           TEXT    NOT NULL,
  state          TEXT    NOT NULL,
  previous_state TEXT,
  status         TEXT    NOT NULL,
  task_id        BLOB,
  task_type      TEXT,
  worker         TEXT,
  attempt        INTEGER,
  failure        TEXT,
  details        TEXT,
  PRIMARY KEY (job_id, version, n)
) STRICT, WITHOUT ROWID;

-- How each worker's attempts went, by days since the Unix epoch.
CREATE TABLE worker_days (
  worker   TEXT    NOT NULL,
  day      INTEGER NOT NULL,
  finished INTEGER NOT NULL,
  failed   INTEGER NOT NULL,
  lost     INTEGER NOT NULL,
  PRIMARY KEY (worker, day)
) STRICT, WITHOUT ROWID;

CREATE INDEX worker_days_by_day ON worker_days (day);
