//! DynamoDB. One table is the directory: which hosts live and who owns which room ([`DynamoDirectory`]), and from it the
//! site's way to a room ([`DynamoPlacement`]). The other has what is claimed by a key of its own ([`DynamoClaims`]): the right
//! to send a message, addresses that get no more mail, and how often somebody did something ([`DynamoRates`]). Both are
//! made by the deployment, and nothing here makes or changes tables.
//!
//! All changes are conditional writes of one item (ADR 23): an item is read, what becomes of it is decided by the rules
//! of the ports' owners, and it is written if nobody was in between.

mod claims;
mod directory;
mod hosts;
mod item;
mod placement;
mod random;
mod rates;
mod rooms;
mod rounds;
mod sends;
mod stops;
mod table;

pub use claims::DynamoClaims;
pub use directory::DynamoDirectory;
pub use placement::DynamoPlacement;
pub use rates::DynamoRates;
