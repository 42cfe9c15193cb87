//! The quote for the pages to ask: tokens and money, low, expected and high, and where each number
//! comes from.

use super::quoted_reasoning::QuotedReasoning;
use crate::base::money::Pico;
use crate::base::usage::Usage;
use crate::catalog::{
    Basis, Calibration, Detail, Fit, MIN_CALIBRATION_IMAGES, ModelFacts, RequestPrice, min_image_tokens, model_facts,
};
use crate::manifest::{Image, Job, Size};
use crate::prepare::target_size;
use crate::provider::{Capabilities, CapabilityChange, Estimate, FormSize, RequestSize, estimate};
use crate::task::{Question, compile, without_descriptions};
use std::collections::{BTreeMap, HashMap};

use crate::pipeline::model::calibrations::Calibrations;

/// A number that is not known exactly.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Range<T> {
    /// The lower bound.
    pub low: T,
    /// The expected value; `None`: unknown.
    pub expected: Option<T>,
    /// The upper bound, with few repeat attempts.
    pub high: T,
}

/// What the pages would cost when sent another way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alternative {
    /// The `detail` that is sent.
    pub detail: Detail,
    /// The `size` that is sent.
    pub size: Size,
    /// Whether the job sends pages this way.
    pub is_chosen: bool,
    /// Prompt tokens of all pages; `None`: unknown.
    pub input_tokens: Option<u64>,
    /// Money for all pages; `None`: unknown.
    pub cost: Option<Pico>,
    /// Where the tokens come from.
    pub basis: Basis,
}

/// What asking the pages takes.
#[derive(Clone, Debug)]
pub struct Quote {
    /// Pages whose size is known.
    pub pages: u64,
    /// Prompt tokens.
    pub input: Range<u64>,
    /// Reply tokens.
    pub output: Range<u64>,
    /// Tokens as a rate limit counts them.
    pub admission: u64,
    /// The maximum number of tokens that one request counts against a rate limit.
    pub largest: u64,
    /// Money; `None`: the price is unknown.
    pub cost: Option<Range<Pico>>,
    /// Money by task, in equal parts of each request; `None`: unknown.
    pub by_task: BTreeMap<String, Option<Pico>>,
    /// The maximum cost of one request, before the endpoint has billed any.
    pub worst: Option<Pico>,
    /// The maximum cost of one request after the first bills, if they are as expected.
    pub later_worst: Option<Pico>,
    /// Whether something bounds what a reply may cost: a budget can't be guaranteed otherwise.
    pub is_bounded: bool,
    /// Where image tokens come from.
    pub image_basis: Basis,
    /// The image rule, as text.
    pub image_rule: String,
    /// Whether bills differ from the documented rule.
    pub differs: bool,
    /// Where text tokens come from.
    pub text_basis: &'static str,
    /// Where the length of replies comes from.
    pub output_basis: String,
    /// The part of the replies that is reasoning.
    pub reasoning: QuotedReasoning,
    /// Where the price comes from; `None`: unknown.
    pub price_basis: Option<String>,
    /// Text tokens of one request.
    pub text: u64,
    /// Of these, tokens of the descriptions of labels.
    pub descriptions: u64,
    /// What the descriptions cost for all pages.
    pub descriptions_cost: Option<Pico>,
    /// What the pages would cost when sent another way.
    pub alternatives: Vec<Alternative>,
}

impl Quote {
    /// Where the amount of money comes from.
    #[must_use]
    pub fn cost_basis(&self) -> String {
        match &self.price_basis {
            Some(price) => format!("images: {}; price: {price}", self.image_basis),
            None => "unknown".to_owned(),
        }
    }
}

/// Image tokens of each way to send a page, and the size at which the job sends it.
type Measured = (Vec<Option<u64>>, (u32, u32));

/// How much the requests for some questions hold.
#[derive(Clone, Copy)]
struct Forms {
    /// The next request.
    first: FormSize,
    /// Requests after the first valid reply.
    usual: FormSize,
    /// The output limit in tokens if the model turns out to need more than the usual one for its reasoning.
    max_raised: u64,
}

/// Adds up the pages of a quote.
pub(crate) struct Quoter<'a> {
    job: &'a Job,
    price: Option<RequestPrice>,
    facts: Option<&'static ModelFacts>,
    capabilities: Capabilities,
    fits: [(Fit, Calibration); 2],
    ways: Vec<(Alternative, Image)>,
    /// Sizes by the questions that are asked.
    forms: HashMap<Vec<String>, Forms>,
    /// Image tokens of each way by the page's size; and the size that is sent.
    sizes: HashMap<(u32, u32), Measured>,
    quote: Quote,
}

/// Share of tokens that repeat attempts may add, in percent.
const REPEAT_PERCENT: u64 = 5;
/// Minimum length of a prefix that a provider caches, in tokens.
const MIN_CACHED: u64 = 1024;

impl<'a> Quoter<'a> {
    /// `calibrations`: the endpoint's bills in the store; `capabilities`: what is known of the form of its requests.
    pub(crate) fn new(
        job: &'a Job,
        questions: &[Question],
        price: Option<RequestPrice>,
        calibrations: &Calibrations,
        capabilities: Capabilities,
    ) -> Self {
        let facts = model_facts(&job.provider.model);
        let fits = [Detail::Low, Detail::High].map(|detail| {
            let calibration = calibrations.for_detail(detail);
            (Fit::new(job.image.rule, detail, &calibration), calibration)
        });
        let (fit, calibration) = &fits[usize::from(job.image.detail == Detail::High)];
        let all: Vec<&Question> = questions.iter().collect();
        let forms = |questions: &[&Question]| Forms::for_questions(questions, job, facts, capabilities);
        let text = |questions: &[&Question]| forms(questions).usual.footprint.text;
        let Forms { usual, max_raised, .. } = forms(&all);
        let words = usual.footprint.text;
        let assumed = usual.footprint.reasoning;
        let reasoning = QuotedReasoning::from_bills(assumed, calibration, (usual.max_reply_tokens.into(), max_raised));
        let bare = compile(&without_descriptions(&job.tasks), &[]).ok();
        let bare = bare.map(|bare| text(&bare.iter().collect::<Vec<_>>()));
        let zero = Range { low: 0, expected: Some(0), high: 0 };
        let quote = Quote {
            pages: 0,
            input: zero,
            output: zero,
            admission: 0,
            largest: 0,
            cost: price.map(|_| Range { low: Pico::ZERO, expected: Some(Pico::ZERO), high: Pico::ZERO }),
            by_task: BTreeMap::new(),
            worst: price.map(|_| Pico::ZERO),
            later_worst: price.map(|_| Pico::ZERO),
            is_bounded: true,
            image_basis: fit.basis(),
            image_rule: fit.to_string(),
            differs: fit.differs(),
            text_basis: match facts {
                Some(facts) if facts.has_tokenizer => "tokenizer o200k",
                _ => "tokenizer o200k, an estimate for this model",
            },
            output_basis: match calibration.replies(assumed) {
                0..MIN_CALIBRATION_IMAGES => "length of valid replies".to_owned(),
                replies => format!("calibrated on {replies}"),
            },
            reasoning,
            price_basis: job.provider.price_source.clone(),
            text: words,
            descriptions: words.saturating_sub(bare.unwrap_or(words)),
            descriptions_cost: price.map(|_| Pico::ZERO),
            alternatives: Vec::new(),
        };
        let ways = ways(job, &fits);
        Self { job, price, facts, capabilities, fits, ways, forms: HashMap::new(), sizes: HashMap::new(), quote }
    }

    /// Adds a page of `size` upright pixels with these tasks.
    pub(crate) fn add(&mut self, size: (u32, u32), asked: &[&Question]) -> Option<Pico> {
        let Forms { first, usual, max_raised } = self.forms(asked);
        let words = usual.footprint;
        let (fit, calibration) = &self.fits[usize::from(self.job.image.detail == Detail::High)];
        let (images, sent) = self.sizes.entry(size).or_insert_with(|| measured(size, &self.ways, &self.fits, self.job));
        let max_reply = u64::from(usual.max_reply_tokens);
        let estimated = |form: &FormSize| {
            let request = RequestSize {
                size: *sent,
                max_tokens: form.max_reply_tokens.into(),
                max_billed: form.max_billed_tokens.map(u64::from),
                repair: 0,
            };
            estimate(&form.footprint, fit, calibration, request)
        };
        let (reserved, known) = (estimated(&first), estimated(&usual));
        // What a run reserves for its first request.
        let reservation = |usage| self.price.map(|price| calibration.with_markup(price.max_cost(usage)));
        let worst = reservation(reserved.worst);
        let later_worst = reservation(after_first_bills(&known, fit, *sent));
        let image = fit.tokens(sent.0, sent.1);
        let (least, most) = bounds(fit, *sent);
        let low = Usage {
            input: least + words.text * 9 / 10,
            cached_input: if words.text >= MIN_CACHED { words.text * 9 / 10 } else { 0 },
            output: words.shortest.min(known.expected.output).min(max_reply),
            ..Usage::default()
        };
        let expected = image.map(|_| known.expected);
        let max_input = with_repeats(most + words.text * 5 / 4 + 64);
        let max_output = match self.quote.reasoning {
            QuotedReasoning::Unknown { .. } => max_raised,
            _ => words.longest().max(known.expected.output).min(max_reply),
        };
        let high =
            Usage { input: max_input, cache_write: max_input, output: with_repeats(max_output), ..Usage::default() };
        let quote = &mut self.quote;
        quote.pages += 1;
        quote.is_bounded &= reserved.is_bounded;
        add(&mut quote.input, low.input, expected.map(|usage| usage.input), high.input);
        add(&mut quote.output, low.output, expected.map(|usage| usage.output), high.output);
        quote.admission += known.admission_tokens;
        quote.largest = quote.largest.max(reserved.admission_tokens).max(known.admission_tokens);
        let price = self.price;
        let expected_cost =
            price.zip(expected).map(|(price, usage)| calibration.with_far_markup(price.expected_cost(usage)));
        if let (Some(cost), Some(price)) = (&mut quote.cost, price) {
            cost.low += price.expected_cost(low);
            cost.expected = cost.expected.zip(expected_cost).map(|(sum, one)| sum + one);
            cost.high += calibration.with_markup(price.max_cost(high));
            quote.worst = quote.worst.max(worst);
            quote.later_worst = quote.later_worst.max(later_worst);
            let descriptions = price.expected().input.times(quote.descriptions);
            quote.descriptions_cost = quote.descriptions_cost.map(|sum| sum + descriptions);
        }
        let quote = &mut self.quote;
        let parts = expected_cost.map(|cost| cost.split(asked.len()).collect::<Vec<_>>());
        for (at, question) in asked.iter().enumerate() {
            let part = parts.as_ref().and_then(|parts| parts.get(at)).copied();
            let sum = quote.by_task.entry(question.name.clone()).or_insert(Some(Pico::ZERO));
            *sum = sum.zip(part).map(|(sum, part)| sum + part);
        }
        for ((way, _), image) in self.ways.iter_mut().zip(images) {
            let usage = image.map(|image| Usage { input: image + words.text, ..known.expected });
            way.input_tokens = way.input_tokens.zip(usage).map(|(sum, usage)| sum + usage.input);
            way.cost = way
                .cost
                .zip(price.zip(usage))
                .map(|(sum, (price, usage))| sum + calibration.with_far_markup(price.expected_cost(usage)));
        }
        expected_cost
    }

    pub(crate) fn finish(mut self) -> Quote {
        self.quote.alternatives = self.ways.into_iter().map(|(way, _)| way).collect();
        self.quote
    }

    fn forms(&mut self, asked: &[&Question]) -> Forms {
        let (job, facts, capabilities) = (self.job, self.facts, self.capabilities);
        let key: Vec<String> = asked.iter().map(|question| question.recipe.to_string() + &question.name).collect();
        // Questions that name columns of a list make many.
        if self.forms.len() > 4096 {
            self.forms.clear();
        }
        *self.forms.entry(key).or_insert_with(|| Forms::for_questions(asked, job, facts, capabilities))
    }
}

impl Forms {
    fn for_questions(questions: &[&Question], job: &Job, facts: Option<&ModelFacts>, known: Capabilities) -> Self {
        let of = |known| FormSize::for_request(questions, &job.request, facts, known, false);
        let raised = known.with(CapabilityChange::OutputFactor).unwrap_or(known);
        Self {
            first: of(known),
            usual: of(known.proven(known.follows_schema)),
            max_raised: of(raised).max_reply_tokens.into(),
        }
    }
}

/// What a run reserves for a request once the first bills have confirmed the image rule, if there is one.
fn after_first_bills(known: &Estimate, fit: &Fit, (width, height): (u32, u32)) -> Usage {
    let image = fit.max_tokens_once_confirmed(width, height);
    let input = known.worst.input - fit.max_tokens(width, height) + image;
    Usage { input, cache_write: input, ..known.worst }
}

fn with_repeats(tokens: u64) -> u64 {
    tokens + tokens * REPEAT_PERCENT / 100
}

fn add(range: &mut Range<u64>, low: u64, expected: Option<u64>, high: u64) {
    range.low += low;
    range.expected = range.expected.zip(expected).map(|(sum, one)| sum + one);
    range.high += high;
}

/// Lower and upper bound of image tokens.
fn bounds(fit: &Fit, (width, height): (u32, u32)) -> (u64, u64) {
    match (fit.basis(), fit.tokens(width, height)) {
        (Basis::Rule, Some(tokens)) => (tokens, tokens),
        (Basis::Calibrated(_), Some(tokens)) => (tokens - tokens / 20, fit.max_tokens(width, height)),
        _ => (min_image_tokens(width, height, fit.detail()), fit.max_tokens(width, height)),
    }
}

/// Every way to send a page that changes its cost.
fn ways(job: &Job, fits: &[(Fit, Calibration); 2]) -> Vec<(Alternative, Image)> {
    let high = [Size::Full, Size::Standard, Size::Economy, Size::Original].map(|size| (Detail::High, size));
    let low = [(Detail::Low, Size::Standard)];
    let all = low.into_iter().filter(|_| job.image.rule.accepts_detail()).chain(high);
    let is_job = |detail, size| {
        detail == job.image.detail
            && (size == job.image.size || detail == Detail::Low && job.image.detail == Detail::Low)
    };
    let way = |(detail, size)| {
        let alternative = Alternative {
            detail,
            size,
            is_chosen: is_job(detail, size),
            input_tokens: Some(0),
            cost: Some(Pico::ZERO),
            basis: fits[usize::from(detail == Detail::High)].0.basis(),
        };
        let image = if is_job(detail, size) { job.image } else { job.image.with_detail_and_size(detail, size) };
        (alternative, image)
    };
    all.map(way).collect()
}

/// Image tokens of a page of `size` in each way, and the size at which the job sends it.
fn measured(size: (u32, u32), ways: &[(Alternative, Image)], fits: &[(Fit, Calibration); 2], job: &Job) -> Measured {
    let tokens = |(way, image): &(Alternative, Image)| {
        let (width, height) = target_size(size, image);
        fits[usize::from(way.detail == Detail::High)].0.tokens(width, height)
    };
    (ways.iter().map(tokens).collect(), target_size(size, &job.image))
}
