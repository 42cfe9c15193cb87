//! The only place that knows all stages of a run.
//!
//! - [`mod@run`]: a run from its checks to its end; [`passes`]: its passes over the input, which wire the stages
//!   together; [`mod@try_page`]: one page, asked at once
//! - [`mod@plan`]: what a run would do
//! - [`mod@probe`]: pages with answers, asked once more in other ways
//! - [`scan`]: the input, compared with the store, read and prepared
//! - [`asking`]: attempts, and what follows from them; [`batch`]: delivery by the provider's batches
//! - [`results`]: rows, report and outcome
//! - [`page_pictures`]: pages of the input as pictures, for people to look at
//! - [`control`]: what every stage shares: context, options, counters, shutdown, outcome
//! - [`model`]: values that the stages pass to each other

pub(crate) mod asking;
pub(crate) mod batch;
pub(crate) mod control;
pub(crate) mod model;
pub(crate) mod page_pictures;
pub(crate) mod passes;
pub(crate) mod plan;
pub(crate) mod probe;
pub(crate) mod results;
pub(crate) mod run;
pub(crate) mod scan;
pub(crate) mod try_page;

pub use crate::store::RetrySelection;
pub use asking::stage::{NoObserver, Observer};
pub use control::counters::{Counters, UnstoredAnswers};
pub use control::dependencies::Dependencies;
pub use control::error::PipelineError;
pub(crate) use control::identity::{budget_counter, endpoint_id};
pub use control::identity::{stored_job, stored_jobs};
pub(crate) use control::lease::Lease;
pub use control::lost_requests::LostRequests;
pub use control::options::RunOptions;
pub use control::progress::{LATENCY_BOUNDS, Progress, WaitReason};
pub(crate) use control::run_outcome::CHECK_DISK;
pub use control::run_outcome::{RunOutcome, Signal};
pub use control::shutdown::{STOP_TIME, Shutdown, StopStep};
pub use control::time_left::{TimeEstimate, TimeLeft};
pub use control::trouble::{Trouble, TroubleKind};
pub use model::endpoint_facts::CONTENT_RULES;
pub(crate) use model::endpoint_facts::endpoint_capabilities;
pub(crate) use model::entry_recipes::EntryRecipes;
pub(crate) use model::question_set::VERSIONS as STORED_VERSIONS;
pub(crate) use model::question_set::rendered_questions;
pub(crate) use model::recipe::{known_recipes, recipe_bodies};
pub use page_pictures::{PagePicture, PagePictureFault, PagePictures};
pub use plan::json::plan_to_json;
pub use plan::model::{BudgetLeft, Plan, Projection, ShardPlan};
pub use plan::planning::{PlanRequest, RetryScope, plan};
pub use plan::quote::{Alternative, Quote, Range};
pub use plan::quoted_reasoning::QuotedReasoning;
pub use plan::time_bounds::Bound;
pub use probe::{ProbePage, ProbeSample, ask_probes, is_probe_open, probe_outcomes, sample_answered_pages};
pub use results::commands::{export, export_stream, report};
pub use results::merged::{MergeSources, merge_stores};
pub use results::merged_runs::{merged_runs, shards_of_runs};
pub(crate) use results::page_pairs::{PagePair, PageSide, RowSide, read_page_pairs};
pub use results::pages::{JobPage, PageLookup, read_pages};
pub use results::preflight::check_outputs_of;
pub use results::row_choice::RowSelection;
pub(crate) use results::row_columns::{row_columns, row_targets};
pub use results::shown_rows::{RowQuery, ShownRows, show_rows};
pub use run::run;
pub(crate) use scan::sample::draw_key;
pub use try_page::{PageToTry, TriedOutcome, TriedPage, questions_for_file, try_page};
