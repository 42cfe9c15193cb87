//! Whether an error states that the model does not accept images, in the words of several servers; not that it rejects
//! this image, or images of this format or size.

/// The denials before their subject. Apostrophes are left out.
const VERBS: &[&str] = &[
    "not support",
    "doesnt support",
    "dont support",
    "not accept",
    "doesnt accept",
    "dont accept",
    "not take",
    "cannot process",
    "cant process",
    "cannot handle",
    "unable to process",
    "unable to handle",
];
/// Words between a verb and what it denies.
const BETWEEN: &[&str] = &["ing", "ed", "the", "any", "an", "a", "using", "type", "content type", "processing"];
/// What a model without vision does not take.
const OBJECTS: &[&str] = &[
    "image inputs",
    "image input",
    "image_url",
    "image modality",
    "image modalities",
    "image understanding",
    "image content",
    "image messages",
    "image parts",
    "images",
    "vision inputs",
    "vision input",
    "vision capabilities",
    "vision",
    "visual inputs",
    "visual input",
    "multimodal inputs",
    "multimodal input",
    "multimodal content",
    "multimodal",
    "multi-modal inputs",
    "multi-modal input",
];
/// Words after it. Others state which images are meant, as in `images larger than 20 MP`.
const BEHIND: &[&str] = &[
    "in messages",
    "in prompts",
    "in the prompt",
    "in the message",
    "in the input",
    "in the request",
    "input",
    "content",
    "as",
    "at all",
    "at this time",
    "yet",
    "for",
    "on",
    "by",
    "and",
    "or",
    "but",
    "with this",
    "please",
];
/// Words before a subject. Others state which images are meant, as in `CMYK images`.
const BEFORE: &[&str] = &["and", "input", "inputs", "that", "the", "as", "with", "content", "error", "messages"];
/// The denials after their subject.
const DENIALS: &[&str] = &[
    "not support",
    "not currently support",
    "currently not support",
    "not yet support",
    "unsupported",
    "not enabled",
    "not available",
    "not allowed",
    "not accepted",
    "only supported",
];
const PHRASES: &[&str] = &[
    "endpoints found that support image",
    "endpoints that support image",
    "at most 0 image",
    "not enabled for vision",
    "not a vision model",
    "not a vision-language",
    "not a vision language",
    "not a multimodal",
    "not a multi-modal",
    "not multimodal",
    "text-only model",
    "only supports text input",
    "only understands text",
    "no image support",
    "has no vision",
    "only supports text content",
    "only supports text messages",
    "only accepts text",
    "supports only text input",
    "no vision support",
    "modalities do not include image",
    "modalities dont include image",
    "modalities does not include image",
    "not include image as an input",
    "not include image input",
    "not a supported modality",
    "not a supported input modality",
    "not among the supported modalities",
    "unsupported modality",
    "unsupported input modality",
    "not have vision",
    "content must be a string",
    // Pydantic, where text is the only alternative.
    "content: input should be a valid string",
    "content: str type expected",
    // Ollama: the projector of the model's images is missing.
    "missing data required for image input",
    // IBM watsonx.
    "not support function function_image_chat",
    // Chinese: it supports no images; no vision; no modality beside text.
    "\u{4e0d}\u{652f}\u{6301}\u{56fe}",
    "\u{4e0d}\u{652f}\u{6301}\u{89c6}\u{89c9}",
    "\u{4e0d}\u{652f}\u{6301}\u{591a}\u{6a21}\u{6001}",
];
/// Words that show that the error is about some images. The last are Chinese: format, size.
const QUALITIES: &[&str] = &[
    "format",
    "media type",
    "mime",
    "image/",
    "image size",
    "file size",
    "dimension",
    "resolution",
    "animated",
    "url scheme",
    "larger",
    "smaller",
    "bigger",
    "exceed",
    "pixel",
    "alpha",
    "transparen",
    "grayscale",
    "greyscale",
    "cmyk",
    "color",
    "colour",
    "multiple images",
    "more than",
    "corrupt",
    "bit depth",
    "encoding",
    "\u{683c}\u{5f0f}",
    "\u{5927}\u{5c0f}",
    "\u{5c3a}\u{5bf8}",
];

/// Whether `text`, in lower case, states that the model accepts no images.
pub(crate) fn lacks_vision(text: &str) -> bool {
    let text = text.replace(['`', '\'', '"', '*', '\u{2019}'], "");
    let has = |words: &[&str]| words.iter().any(|word| text.contains(word));
    // Groq, DeepSeek and others: the content of a message may be only text, not a list of parts.
    let is_text_only = has(&["value must be a string", "expected a string"]);
    if is_text_only && text.contains("content") && text.contains("messages") {
        return true;
    }
    if text.contains("unknown variant image_url") && text.contains("expected text") {
        return true;
    }
    !has(QUALITIES) && (has(PHRASES) || is_denied_object(&text) || is_denied_subject(&text))
}

/// `does not support image inputs`.
fn is_denied_object(text: &str) -> bool {
    let behind = |verb: &&str| text.match_indices(*verb).map(|(at, verb)| &text[at + verb.len()..]).collect::<Vec<_>>();
    VERBS.iter().flat_map(behind).any(|rest| {
        let mut rest = rest;
        while let Some(next) = BETWEEN.iter().find_map(|word| skip_word(rest, word)) {
            rest = next;
        }
        OBJECTS.iter().filter_map(|object| rest.trim_start().strip_prefix(object)).any(ends_clause)
    })
}

/// What follows `word` at the beginning of `text`.
fn skip_word<'a>(text: &'a str, word: &str) -> Option<&'a str> {
    text.trim_start().strip_prefix(word).filter(|rest| rest.starts_with(' '))
}

/// Whether the denied subject ends here, or continues with words that do not restrict it.
fn ends_clause(rest: &str) -> bool {
    let rest = rest.strip_prefix(" type").unwrap_or(rest);
    match rest.chars().next() {
        None => true,
        Some('.') => rest[1..].is_empty() || rest[1..].starts_with(char::is_whitespace),
        Some(' ') => {
            let words = rest.trim_start();
            words.is_empty() || BEHIND.iter().any(|word| words.strip_prefix(word).is_some_and(is_word_end))
        }
        Some(c) => ",;:!)]}\n".contains(c) || !c.is_ascii(),
    }
}

fn is_word_end(rest: &str) -> bool {
    !rest.starts_with(|c: char| c.is_alphanumeric() || c == '_' || c == '-')
}

/// `image input is not supported`.
fn is_denied_subject(text: &str) -> bool {
    OBJECTS.iter().flat_map(|object| text.match_indices(object)).any(|(at, object)| {
        let rest = &text[at + object.len()..];
        let rest = [" type", " content", " parts", " messages", " support"]
            .iter()
            .find_map(|word| rest.strip_prefix(word))
            .unwrap_or(rest);
        let rest = [" is ", " are ", " was ", " "].iter().find_map(|word| rest.strip_prefix(word)).unwrap_or("");
        begins_clause(&text[..at], object) && DENIALS.iter().any(|words| rest.starts_with(words))
    })
}

/// Whether nothing before the subject restricts it.
fn begins_clause(before: &str, subject: &str) -> bool {
    let trimmed = before.trim_end();
    let is_joined =
        trimmed.len() == before.len() && trimmed.ends_with(|c: char| c.is_alphanumeric() || "-_/.".contains(c));
    let word = trimmed.rsplit(|c: char| !c.is_alphanumeric()).next().unwrap_or_default();
    !is_joined && (subject != "images" || word.is_empty() || BEFORE.contains(&word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_model_without_vision_is_said_not_to_take() {
        for text in [
            "image input is not supported - hint: if this is unexpected, you may need to provide the mmproj",
            "model does not support image modality",
            "no endpoints found that support image input",
            "invalid content type. image_url is only supported by certain models.",
            "invalid content type. 'image_url' is only supported by certain models.",
            "/models/x is not a multimodal model none",
            "at most 0 image(s) may be provided in one request.",
            "this model doesn't support images.",
            "this model does not support image inputs",
            "deepseek-chat does not support vision",
            "images are not supported",
            "error: images are not supported by this model",
            "image inputs are not supported for this model.",
            "the model 'x' does not support image_url content",
            "`image_url` is not supported by this model",
            "content type 'image_url' is not supported",
            "vision is not enabled for this model",
            "multimodal input is not supported",
            "failed to deserialize the json body into the target type: messages[1]: unknown variant `image_url`, expected `text` at line 1 column 900",
            "messages.1 : for role:user the following must be satisfied[(messages.1.content : value must be a string)]",
            "messages[1].content: invalid type: sequence, expected a string",
            "this is a text-only model",
            "this model's input modalities do not include image",
            "this model's input modalities don't include images.",
            "image is not a supported input modality",
            "unsupported modality: image",
            "model 'x' does not support function 'function_image_chat'",
            "messages[1].content must be a string",
            "messages.1.content: input should be a valid string",
            "messages.1.content: str type expected",
            "this model is missing data required for image input",
            "\u{8be5}\u{6a21}\u{578b}\u{4e0d}\u{652f}\u{6301}\u{56fe}\u{7247}\u{8f93}\u{5165}",
        ] {
            assert!(lacks_vision(text), "{text}");
        }
    }

    #[test]
    fn what_is_said_of_some_images_or_of_a_model() {
        for text in [
            "the model does not support images larger than 20mp",
            "does not support images with an alpha channel",
            "this image is not supported by the model",
            "cmyk images are not supported",
            "animated images are not supported",
            "interlaced images are not supported",
            "multiple images are not supported",
            "does not support multiple images",
            "image rejected: the temperature table on the page is not supported",
            "image type is not supported: image/bmp",
            "image size is not supported",
            "image input format is not supported",
            "invalid image input",
            "does not support images of this kind",
            "cannot process image: it is damaged",
            "you uploaded an unsupported image.",
            "image_url.detail is not supported",
            "messages.1.content.str: input should be a valid string; messages.1.content.list: image file is truncated",
            "messages.1.content.1.image_url.url: str type expected",
            "groq does not support parameters: ['x'], for model=llama-3.2-11b-vision-preview",
            "'x' is not supported with grok-2-vision-1212",
            "gpt-4-vision is not available",
            "at most 1 image(s) may be provided in one request.",
            "unknown variant `image_url`, expected `json`",
            "\u{4e0d}\u{652f}\u{6301}\u{56fe}\u{7247}\u{683c}\u{5f0f}",
            "",
        ] {
            assert!(!lacks_vision(text), "{text}");
        }
    }
}
