//! What the queues drive: confirm and stats.
