-- A job's past. Times are milliseconds since the Unix epoch. Texts compare by bytes (collation C), so that an order is the
-- same on every server.

CREATE TABLE jobs (
  id                UUID   NOT NULL PRIMARY KEY,
  client            TEXT   COLLATE "C" NOT NULL,
  blueprint         TEXT   COLLATE "C" NOT NULL,
  blueprint_version TEXT   COLLATE "C" NOT NULL,
  status            TEXT   COLLATE "C" NOT NULL,
  state             TEXT   COLLATE "C" NOT NULL,
  created_at_ms     BIGINT NOT NULL,
  updated_at_ms     BIGINT NOT NULL,
  ended_at_ms       BIGINT,
  parent            UUID,
  version           BIGINT NOT NULL,
  failure           JSONB
);

-- A list is a merge of one walk for each status, newest first, so each index ends in the order of the list.
CREATE INDEX jobs_of_client ON jobs (client, status, created_at_ms, id);
CREATE INDEX jobs_of_blueprint ON jobs (client, blueprint, status, created_at_ms, id);
CREATE INDEX jobs_of_all ON jobs (status, created_at_ms, id);

CREATE TABLE job_labels (
  job_id        UUID   NOT NULL,
  key           TEXT   COLLATE "C" NOT NULL,
  value         TEXT   COLLATE "C" NOT NULL,
  client        TEXT   COLLATE "C" NOT NULL,
  created_at_ms BIGINT NOT NULL,
  PRIMARY KEY (job_id, key)
);

CREATE INDEX jobs_of_label ON job_labels (client, key, value, created_at_ms, job_id);

CREATE TABLE job_events (
  job_id         UUID   NOT NULL,
  version        BIGINT NOT NULL,
  n              BIGINT NOT NULL,
  at_ms          BIGINT NOT NULL,
  kind           TEXT   COLLATE "C" NOT NULL,
  state          TEXT   COLLATE "C" NOT NULL,
  previous_state TEXT   COLLATE "C",
  status         TEXT   COLLATE "C" NOT NULL,
  task_id        UUID,
  task_type      TEXT   COLLATE "C",
  worker         TEXT   COLLATE "C",
  attempt        BIGINT,
  failure        JSONB,
  details        JSONB,
  PRIMARY KEY (job_id, version, n)
);

-- How each worker's attempts went, by days since the Unix epoch.
CREATE TABLE worker_days (
  worker   TEXT   COLLATE "C" NOT NULL,
  day      BIGINT NOT NULL,
  finished BIGINT NOT NULL,
  failed   BIGINT NOT NULL,
  lost     BIGINT NOT NULL,
  PRIMARY KEY (worker, day)
);

CREATE INDEX worker_days_by_day ON worker_days (day);
