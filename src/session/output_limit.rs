//! A stated `max_tokens` that leaves no room for what a model reasons.

use super::job::Job;
use crate::base::units::grouped;
use crate::catalog::model_facts;
use crate::provider::{Capabilities, FormSize};
use crate::task::Question;

/// A warning if the stated output limit can't hold the longest valid reply and the typical reasoning of the effort of
/// requests. `None`: it can, none is stated, or it is not known that the model reasons. `capabilities`: what the
/// endpoint accepts.
pub(crate) fn output_limit_warning(job: &Job, capabilities: Capabilities) -> Option<String> {
    let Job { manifest, questions, .. } = job;
    let stated = manifest.request.max_tokens?;
    let asked: Vec<&Question> = questions.iter().collect();
    let model = &manifest.provider.model;
    let form = FormSize::for_request(&asked, &manifest.request, model_facts(model), capabilities, false);
    let reasoning = form.footprint.reasoning.typical;
    let needed = form.footprint.longest_answer + reasoning;
    (reasoning > 0 && u64::from(stated) < needed).then(|| {
        format!(
            "request.max_tokens: {stated}: replies of `{model}` may be cut: its reasoning counts, typically {} tokens, and the longest valid reply has {}; raise it, or leave it out",
            grouped(reasoning),
            grouped(form.footprint.longest_answer)
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    #[test]
    fn reasoning_needs_room_in_a_stated_limit() {
        for (model, request, is_small) in [
            ("gpt-6-astra", "{}", false),
            ("gpt-6-astra", "{max_tokens: 16}", true),
            ("gpt-6-astra", "{max_tokens: 8000}", false),
            ("gpt-6-astra", "{max_tokens: 300, reasoning_effort: high}", true),
            ("gpt-6-luna", "{max_tokens: 300, reasoning_effort: high}", true),
            ("gpt-6-luna", "{max_tokens: 300, reasoning_effort: none}", false),
            // It does not reason, or is unknown.
            ("gpt-4o-mini", "{max_tokens: 16}", false),
            ("no-such-model", "{max_tokens: 16}", false),
        ] {
            let text = format!(
                "version: 1\nname: j\ninput: {{folder: p}}\nprovider: {{base_url: \"http://h/v1\", model: \"{model}\"}}\nrequest: {request}\ntasks: {{k: {{classify: {{labels: [a, b]}}}}}}\n"
            );
            let manifest = crate::manifest::check(Path::new("/no/such/folder/job.yaml"), &text, &|_| None).unwrap();
            let questions = crate::task::compile(&manifest.tasks, &[]).unwrap().into();
            let capabilities = Capabilities::of_model(model_facts(model));
            let job = Job { own_store: manifest.store.clone(), manifest, questions };
            let found = output_limit_warning(&job, capabilities);
            assert_eq!(found.is_some(), is_small, "{model} {request}: {found:?}");
        }
    }
}
