//! One room as a state machine: inputs and the time go in, commands come out.
