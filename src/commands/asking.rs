//! Questions, where there is a person to answer them.

use std::io::{self, BufRead as _, Write as _};

use veda_bus_core::text;

use crate::failure::Failure;

/// Asks until there is an answer that `read` takes. An empty line takes what is offered; the end of the input takes
/// nothing, and ends it all.
pub(super) fn ask<T>(
    question: &str,
    offered: T,
    shown: &str,
    read: impl Fn(&str) -> Result<T, String>,
) -> Result<T, Failure> {
    loop {
        let mut out = io::stdout().lock();
        write!(out, "{question} [{}]: ", text::line(shown))?;
        out.flush()?;
        let mut answer = String::new();
        let length = io::stdin().lock().read_line(&mut answer);
        let length = length.map_err(|error| Failure::Failed(format!("no answer: {error}")))?;
        if length == 0 {
            writeln!(out)?;
            return Err(Failure::Failed("nothing was answered, and nothing was done".into()));
        }
        match answer.trim() {
            "" => return Ok(offered),
            answer => match read(answer) {
                Ok(answer) => return Ok(answer),
                Err(why) => writeln!(out, "  {}", text::line(&why))?,
            },
        }
    }
}

/// Asks whether to do it; an empty line says no.
pub(super) fn confirmed(question: &str) -> Result<bool, Failure> {
    ask(question, false, "y/N", |answer| match answer.to_lowercase().as_str() {
        "y" | "yes" => Ok(true),
        "n" | "no" => Ok(false),
        _ => Err("y or n, please".to_owned()),
    })
}
