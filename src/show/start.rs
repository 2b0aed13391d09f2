//! What a bus that starts says of its journal.

use veda_bus_core::config::BusSettings;
use veda_bus_core::journal::Recovery;

/// Where the journal is and how much was read of it, or that there is none.
pub(crate) fn journal(bus: &BusSettings, recovery: &Recovery) -> String {
    if bus.enable_logging {
        format!("journal {}, {} events read", bus.log_path.display(), recovery.events)
    } else {
        "no journal: messages do not survive this process".to_owned()
    }
}

/// Everything in the journal that was not as it should be, a line each.
pub(crate) fn recovery_faults(recovery: &Recovery) -> Vec<String> {
    let bad = recovery
        .bad
        .iter()
        .map(|bad| format!("journal {bad}; the event is lost, the rest was read (veda-bus log verify)"));
    let torn = recovery.torn.iter().map(|torn| {
        let (bytes, path) = (torn.bytes, torn.path.display());
        format!("the journal ended in the middle of a line; {bytes} bytes were cut off and kept in {path}")
    });
    bad.chain(torn).collect()
}
