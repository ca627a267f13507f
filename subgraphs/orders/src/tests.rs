//! The service against real databases and real HTTP, with a stand-in for catalog that can fail in every way.

mod concurrency;
mod entities;
mod fake_catalog;
mod faults;
mod fixture;
mod http;
mod lost_commit;
mod placing;
mod repository;
mod sdl;
