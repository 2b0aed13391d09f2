//! Filters: CEL expressions over messages and events (`priority >= normal && from != "CI"`).
//!
//! A filter is read from a configuration file, a command line, or a frame, so the text is not trusted: whatever it is,
//! compiling ends in a [`Filter`] or a [`FilterError`], and the work of one evaluation is bounded by the length of the
//! expression. What an expression may name is in [`VARIABLES`], [`CONSTANTS`] and [`FUNCTIONS`].

mod check;
mod facts;
mod fault;
mod named;
mod names;

use std::fmt;
use std::str::FromStr;
use std::sync::{Arc, LazyLock, OnceLock};
use std::thread;

use cel::common::ast::{Expr, LiteralValue, SourceInfo};
use cel::context::VariableResolver;
use cel::parser::Expression;
use cel::{Context, Env, Value};

pub use facts::{Facts, MAX_SUMMARY, MAX_TEXT, Said};
pub use fault::FilterError;
pub use fault::line_and_column;
pub(crate) use fault::nearest;
pub use named::Named;
pub use names::{CONSTANTS, FUNCTIONS, VARIABLES, Variable};

/// The longest expression, in bytes.
pub const MAX_BYTES: usize = 4096;

/// How deep parentheses, brackets and conditionals may nest.
pub const MAX_DEPTH: usize = 32;

/// How long a chain such as `a + b + c` may be; `&&` and `||` are not counted.
pub const MAX_CHAIN: usize = 64;

/// The longest list in quotes and brackets that `exists`, `all` and `filter` go through; a message has no more
/// capabilities either.
pub const MAX_LOOP: usize = 64;

/// How many patterns of `matches` an expression may have.
pub const MAX_PATTERNS: usize = 8;

/// The longest pattern of `matches`, in bytes.
pub const MAX_PATTERN: usize = 128;

/// The stack for reading an expression. The parser of the `cel` crate recurses far deeper than the expression nests
/// (in a debug build 170 KiB a parenthesis, and 40 KiB an operator of a chain), which a stack of the usual 2 MiB does
/// not bear; 4096 bytes of `1+1+1…` need 80 MiB. Pages that are never touched cost nothing.
const PARSER_STACK: usize = 128 << 20;

/// The functions and macros of the language. It is built once: an environment has hundreds of overloads.
static LANGUAGE: LazyLock<Arc<Env>> = LazyLock::new(|| Arc::new(Env::stdlib().with_optional_support(false)));

/// A compiled expression that gives true or false for the facts of a message or event.
///
/// Two filters are equal when their sources are.
#[derive(Clone)]
pub struct Filter(Arc<Compiled>);

struct Compiled {
    source: String,
    /// Empty only for [`DEFAULT`], until it is first used: most commands never filter anything.
    expression: OnceLock<Expression>,
}

/// The expression that lets everything through but what is of low priority (specification, "Configuration").
pub const DEFAULT: &str = "priority >= normal";

impl Default for Filter {
    /// [`DEFAULT`], compiled when it is first used.
    fn default() -> Self {
        Self(Arc::new(Compiled { source: DEFAULT.to_owned(), expression: OnceLock::new() }))
    }
}

impl Filter {
    /// Compiles an expression. It takes some milliseconds and starts a short-lived thread.
    ///
    /// # Errors
    /// A [`FilterError`] with a line and a column when the expression is too long or too deep, is no CEL, names a
    /// variable or function that there is not, compares what can not be compared, or does not give true or false.
    pub fn compile(source: &str) -> Result<Self, FilterError> {
        if source.len() > MAX_BYTES {
            return Err(FilterError::TooLong { bytes: source.len() });
        }
        let filter = Self::of(source, with_deep_stack(|| checked(source))?);
        // What the check can not know, as the index of a list that may be empty, shows here.
        filter.matches(&Facts::default()).map(|_| filter)
    }

    /// The filter `true`, which every message and event satisfies. Unlike [`Filter::compile`] it can not fail.
    pub fn everything() -> Self {
        let expression = Expression { id: 1, expr: Expr::Literal(LiteralValue::Boolean(true.into())) };
        Self::of("true", expression)
    }

    fn of(source: &str, expression: Expression) -> Self {
        Self(Arc::new(Compiled { source: source.to_owned(), expression: expression.into() }))
    }

    /// The text that it was compiled from.
    pub fn source(&self) -> &str {
        &self.0.source
    }

    /// The repos that it compares `from`, `to` or `repo` with. It is read anew, since places are not kept; where the
    /// machine does not let that happen, there are none.
    pub fn repos(&self) -> Vec<Named> {
        let source = self.source();
        let read = || parse(source).map(|(expression, places)| named::named(source, &expression, &places));
        with_deep_stack(read).unwrap_or_default()
    }

    /// Whether the facts satisfy it.
    ///
    /// # Errors
    /// [`FilterError::Evaluation`] when these facts do not allow an answer: a division by zero, an index beyond the
    /// end of a list. The caller chooses what that means; to show a message too many is safer than to hide it.
    pub fn matches(&self, facts: &Facts<'_>) -> Result<bool, FilterError> {
        let expression = if let Some(expression) = self.0.expression.get() {
            expression
        } else {
            let compiled = with_deep_stack(|| checked(&self.0.source))?;
            self.0.expression.get_or_init(|| compiled)
        };
        match evaluate(expression, facts) {
            Ok(Value::Bool(yes)) => Ok(yes),
            Ok(other) => Err(FilterError::NotBool { found: fault::describe(&other) }),
            Err(error) => Err(FilterError::Evaluation(fault::explain(&error))),
        }
    }
}

fn evaluate(expression: &Expression, facts: &dyn VariableResolver) -> cel::ResolveResult {
    let mut context = Context::with_env(Arc::clone(&LANGUAGE));
    context.set_variable_resolver(facts);
    Value::resolve(expression, &context)
}

/// Parses on a thread of its own; see [`PARSER_STACK`].
fn with_deep_stack<T: Send>(parse: impl FnOnce() -> Result<T, FilterError> + Send) -> Result<T, FilterError> {
    thread::scope(|scope| {
        let thread = thread::Builder::new().name("filter".into()).stack_size(PARSER_STACK);
        let running = thread.spawn_scoped(scope, parse);
        let running = running.map_err(|error| FilterError::Unavailable(error.to_string()))?;
        // No input is known to make the parser panic; if one does, that thread ends and not the caller's.
        running.join().unwrap_or_else(|_| Err(FilterError::Unavailable("the parser broke down".into())))
    })
}

fn checked(source: &str) -> Result<Expression, FilterError> {
    let (expression, places) = parse(source)?;
    check::check(source, &expression, &places)?;
    Ok(expression)
}

fn parse(source: &str) -> Result<(Expression, SourceInfo), FilterError> {
    let depth = u16::try_from(MAX_DEPTH).unwrap_or(u16::MAX);
    let parser = LANGUAGE.parser().max_recursion_depth(depth);
    parser.parse_with_source_info(source).map_err(|errors| fault::syntax(&errors))
}

impl FromStr for Filter {
    type Err = FilterError;
    fn from_str(source: &str) -> Result<Self, FilterError> {
        Self::compile(source)
    }
}

impl PartialEq for Filter {
    fn eq(&self, other: &Self) -> bool {
        self.source() == other.source()
    }
}

impl Eq for Filter {}

impl fmt::Debug for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Filter").field(&self.source()).finish()
    }
}

impl fmt::Display for Filter {
    /// The text that it was compiled from.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.source())
    }
}

#[cfg(test)]
mod tests;
