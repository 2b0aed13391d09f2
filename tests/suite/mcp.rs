//! `veda-bus mcp`, spoken to as an MCP client speaks.

mod channel;
mod kill;
mod session;
mod start;
mod tools;
