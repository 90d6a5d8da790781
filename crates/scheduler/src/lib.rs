//! Jobs posted by the clock: cron, intervals and calendars with time zones.
