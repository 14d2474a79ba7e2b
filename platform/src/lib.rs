//! The business: titles, orders, prices, fulfilment, games, launch, stats; and the ports it calls.
