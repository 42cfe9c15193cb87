//! A change of the form of requests to an endpoint.

use super::efforts::Efforts;
use super::parameter::{Parameter, Parameters};
use crate::catalog::OutputLimit;

/// What an endpoint turned out not to accept, or to need.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CapabilityChange {
    /// Leave the parameter out.
    Omit(Parameter),
    /// Use the next weaker reply format.
    WeakerFormat,
    /// Use the other name of the output limit: this one is rejected, or an unknown one.
    RenameOutputLimit(Option<OutputLimit>),
    /// Switch thinking off.
    DisableThinking,
    /// Use one of these reasoning efforts.
    Effort(Efforts),
    /// The model's reasoning used up the output limit: raise it.
    OutputFactor,
    /// The output limit is at most this number of tokens.
    MaxOutput(u32),
    /// The output limit is at least this number of tokens: raise it as for reasoning.
    MinOutput(u32),
    /// Something in the schema is not accepted: leave out its bounds, or else use the next weaker
    /// format.
    SimplerSchema,
    /// The endpoint ignores schemas: describe the schema in the prompt.
    SchemaInPrompt,
}

/// Kinds of changes, for any values.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ChangeKinds(u32);

impl ChangeKinds {
    /// Whether a change of this kind is in the set.
    pub(crate) fn contains(self, change: CapabilityChange) -> bool {
        self.0 & change.bit() != 0
    }

    /// How many kinds the set has.
    pub(crate) fn len(self) -> u32 {
        self.0.count_ones()
    }

    /// The set with the kinds of both.
    pub(crate) fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// The set with the kind of `change`.
    pub(crate) fn with(self, change: CapabilityChange) -> Self {
        Self(self.0 | change.bit())
    }
}

impl CapabilityChange {
    /// The bit of its kind. The first are those of parameters.
    fn bit(self) -> u32 {
        let count = Parameter::ALL.len() as u32;
        let number = match self {
            Self::Omit(parameter) => parameter as u32,
            Self::WeakerFormat => count,
            Self::RenameOutputLimit(_) => count + 1,
            Self::DisableThinking => count + 2,
            Self::Effort(_) => count + 3,
            Self::OutputFactor => count + 4,
            Self::MaxOutput(_) => count + 5,
            Self::MinOutput(_) => count + 6,
            Self::SimplerSchema => count + 7,
            Self::SchemaInPrompt => count + 8,
        };
        1 << number
    }

    /// Whether both are of the same kind, for any values.
    pub(crate) fn is_of_kind(self, other: Self) -> bool {
        self.bit() == other.bit()
    }

    /// Whether it may be found not to help: not a change that raises the output limit, which may have to be raised
    /// further, or what a reply has shown.
    pub(crate) fn may_be_taken_back(self) -> bool {
        !matches!(self, Self::OutputFactor | Self::MinOutput(_) | Self::SchemaInPrompt)
    }

    /// What to change for a rejected parameter without further information.
    #[must_use]
    pub fn for_rejected(parameter: Parameter) -> Self {
        match parameter {
            Parameter::Format => Self::WeakerFormat,
            Parameter::OutputLimit => Self::RenameOutputLimit(None),
            Parameter::Effort => Self::Effort(Efforts::default()),
            parameter => Self::Omit(parameter),
        }
    }

    /// The parameter that changes, if it is one of the request.
    pub(crate) fn parameter(self) -> Option<Parameter> {
        match self {
            Self::Omit(parameter) => Some(parameter),
            Self::WeakerFormat => Some(Parameter::Format),
            Self::RenameOutputLimit(_) => Some(Parameter::OutputLimit),
            Self::DisableThinking => Some(Parameter::Thinking),
            Self::Effort(_) => Some(Parameter::Effort),
            Self::OutputFactor | Self::MaxOutput(_) | Self::MinOutput(_) => None,
            Self::SimplerSchema | Self::SchemaInPrompt => None,
        }
    }

    /// The parameter that an error is about which asks for it.
    pub(crate) fn concerned_parameter(self) -> Option<Parameter> {
        match self {
            Self::MaxOutput(_) | Self::MinOutput(_) => Some(Parameter::OutputLimit),
            Self::SimplerSchema => Some(Parameter::Format),
            change => change.parameter(),
        }
    }

    /// The parameters of which a request must have one for the change to make a difference to it. `None`: it always
    /// does.
    pub(crate) fn concerns(self) -> Option<Parameters> {
        Some(match self {
            Self::Omit(Parameter::Effort) | Self::Effort(_) => {
                Parameters::from_list(&[Parameter::Effort, Parameter::Thinking])
            }
            Self::WeakerFormat | Self::SimplerSchema => Parameters::from_list(&[Parameter::Format]),
            Self::RenameOutputLimit(_) | Self::MaxOutput(_) | Self::MinOutput(_) => {
                Parameters::from_list(&[Parameter::OutputLimit])
            }
            Self::Omit(parameter) => Parameters::from_list(&[parameter]),
            Self::DisableThinking | Self::OutputFactor | Self::SchemaInPrompt => return None,
        })
    }

    /// Whether requests ask for the same after it: it leaves out or renames what docmill adds on its own. Without
    /// `detail`, models see and bill another picture.
    pub(crate) fn is_neutral(self) -> bool {
        match self {
            Self::Omit(parameter) => parameter != Parameter::Detail,
            _ => matches!(self, Self::Effort(_) | Self::DisableThinking | Self::RenameOutputLimit(_)),
        }
    }

    /// Whether it is about the reply format or its schema.
    pub(crate) fn is_of_format(self) -> bool {
        matches!(self, Self::WeakerFormat | Self::SimplerSchema)
    }

    /// What changes, in words for the log.
    #[must_use]
    pub fn describe(self) -> String {
        match self {
            Self::DisableThinking => "with thinking switched off".to_owned(),
            Self::Omit(Parameter::OutputLimit) => "without an output limit: both of its names are rejected".to_owned(),
            Self::Omit(parameter) => format!("without {}", parameter.name()),
            Self::WeakerFormat => "with a weaker reply format".to_owned(),
            Self::RenameOutputLimit(_) => "with the other name of the output limit".to_owned(),
            Self::Effort(_) => "with another reasoning_effort".to_owned(),
            Self::OutputFactor => "with a higher output limit: reasoning used it up".to_owned(),
            Self::MaxOutput(tokens) => format!("with an output limit of at most {tokens} tokens"),
            Self::MinOutput(_) => "with a higher output limit".to_owned(),
            Self::SimplerSchema => "with a simpler schema".to_owned(),
            Self::SchemaInPrompt => "with the schema in the prompt: the endpoint ignores it".to_owned(),
        }
    }
}
