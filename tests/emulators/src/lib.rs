//! Stand-ins for the services of the cloud, on free ports of this machine. Where there is a real server that speaks a service's
//! protocol, that is started as a process of its own ([`Secantus`], [`DynamoLocal`], [`ElasticMq`], [`Moto`], [`StripeMock`]);
//! `tests/emulators/install` brings them.
//!
//! Nothing here knows the product: what it is given to store is the business of the tests.

pub mod edge;
mod emulator;
pub mod gate;
pub mod gateway;
mod installed;
pub mod lambda;
pub mod machine;
pub mod mapping;
mod port;
mod process;
mod servers;
pub mod ses;
pub mod stripe;

pub use emulator::{Emulator, Http, Kind};
pub use port::free_port;
pub use servers::{DynamoLocal, ElasticMq, Moto, Secantus, StripeMock};
