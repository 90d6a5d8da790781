//! History of jobs: SQLite or PostgreSQL, written from the outbox.
