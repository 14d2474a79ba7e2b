//! What crosses the wire and what is kept of it: ids, limits, frames, tickets, close codes, record and chunk encoding.
