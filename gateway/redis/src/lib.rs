//! Redis: the store and the feed that several gateways share.
