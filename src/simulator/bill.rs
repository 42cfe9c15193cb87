//! What is charged: image tokens from real pixels, a quarter of the characters for text.
//! Source: OpenAI's vision guide, "Calculating costs" (2026-10).

/// Tokens for an image.
pub(crate) fn image_tokens(model: &str, width: u32, height: u32, detail: &str) -> u64 {
    let name = model.rsplit('/').next().unwrap_or(model);
    if name.starts_with("gpt-4.1-mini") || name.starts_with("gpt-5-mini") {
        return patches(width, height, 1.62);
    }
    if name.starts_with("gpt-4.1-nano") || name.starts_with("gpt-5-nano") {
        return patches(width, height, 2.46);
    }
    let (base, tile) = match name {
        _ if name.starts_with("gpt-4o-mini") => (2833, 5667),
        _ if name.starts_with("gpt-5") => (70, 140),
        _ if name.starts_with("o1") || name.starts_with("o3") => (75, 150),
        _ => (85, 170),
    };
    if detail == "low" {
        return base;
    }
    let (mut w, mut h) = (f64::from(width), f64::from(height));
    if w.max(h) > 2048.0 {
        let scale = 2048.0 / w.max(h);
        (w, h) = ((w * scale).round(), (h * scale).round());
    }
    if w.min(h) > 768.0 {
        let scale = 768.0 / w.min(h);
        (w, h) = ((w * scale).round(), (h * scale).round());
    }
    base + tile * whole((w / 512.0).ceil() * (h / 512.0).ceil())
}

fn patches(width: u32, height: u32, multiplier: f64) -> u64 {
    let (mut w, mut h) = (f64::from(width), f64::from(height));
    if w.max(h) > 2048.0 {
        let scale = 2048.0 / w.max(h);
        (w, h) = ((w * scale).round(), (h * scale).round());
    }
    let count = |w: f64, h: f64| (w / 32.0).ceil() * (h / 32.0).ceil();
    if count(w, h) > 1536.0 {
        let s = (32.0 * 32.0 * 1536.0 / (w * h)).sqrt();
        let s = s * ((w * s / 32.0).floor() / (w * s / 32.0)).min((h * s / 32.0).floor() / (h * s / 32.0));
        (w, h) = ((w * s + 1e-6).floor(), (h * s + 1e-6).floor());
    }
    whole((count(w, h).min(1536.0) * multiplier - 1e-9).ceil())
}

/// Tokens for a text.
pub(crate) fn text_tokens(chars: usize) -> u64 {
    chars.div_ceil(4) as u64
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "small and positive")]
fn whole(value: f64) -> u64 {
    value as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn published_vectors() {
        for (model, w, h, detail, tokens) in [
            ("openai/gpt-4o-mini", 1024, 1024, "high", 25_501),
            ("gpt-4o-mini", 1920, 1080, "high", 36_835),
            ("gpt-4o-mini", 1920, 1080, "low", 2833),
            ("gpt-4o", 2049, 513, "high", 1445),
            ("gpt-4o", 2050, 513, "high", 765),
            ("gpt-4.1-mini", 1800, 2400, "high", 2353),
            ("gpt-4.1-mini", 4000, 1474, "high", 2489),
            ("gpt-5-nano", 460, 460, "high", 554),
        ] {
            assert_eq!(image_tokens(model, w, h, detail), tokens, "{model} {w}x{h}");
        }
    }
}
