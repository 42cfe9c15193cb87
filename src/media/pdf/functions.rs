//! Functions that compute colours, of shadings and of colour spaces. Renderers leave out what they paint with one that is
//! missing or damaged. Source: ISO 32000-1, 7.10.

use super::stream_end::StreamEnd;
use hayro::hayro_interpret::Function;
use hayro::hayro_syntax::object::{Object, dict_or_stream};

/// Maximum number of values that a function takes or returns.
const MAX_VALUES: u32 = 64;

/// Whether a function can be read, and computes at least `outputs` values from `inputs` values.
pub(crate) fn is_function(function: &Object<'_>, inputs: u32, outputs: u32) -> bool {
    let is_cut = dict_or_stream(function)
        .and_then(|(_, stream)| stream)
        .is_some_and(|stream| StreamEnd::of_data(stream) == StreamEnd::Damaged);
    let Some(function) = Function::new(function).filter(|_| !is_cut && inputs.max(outputs) <= MAX_VALUES) else {
        return false;
    };
    let mut computed = vec![0.0; function.num_outputs()];
    function.num_inputs() == inputs as usize
        && computed.len() >= outputs as usize
        // A program of PostScript may fail when it runs.
        && function.eval(&vec![0.0; function.num_inputs()], &mut computed).is_some()
}

/// The same for one function, or for a list with one function for each value that is computed.
pub(crate) fn are_functions(functions: &Object<'_>, inputs: u32, outputs: u32) -> bool {
    match functions {
        Object::Array(each) => {
            let all: Vec<_> = each.iter::<Object<'_>>().collect();
            all.len() == outputs as usize && all.iter().all(|function| is_function(function, inputs, 1))
        }
        one => is_function(one, inputs, outputs),
    }
}
