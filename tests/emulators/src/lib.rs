//! Stand-ins for the services of the cloud.
