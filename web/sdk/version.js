//! The version of the sdk, sent in `join` and in fault reports. Nothing else lives here.

export const VERSION = '1.0.0';
