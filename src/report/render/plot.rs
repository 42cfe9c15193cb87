//! Bar charts as inline SVG. Colours are CSS variables of the page, so that one chart serves
//! light and dark mode.

use crate::base::sanitize::for_terminal;
use plotters::coord::Shift;
use plotters::coord::ranged1d::SegmentValue;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use std::error::Error;

/// Placeholder for the text colour.
const INK: RGBColor = RGBColor(1, 1, 1);
/// Placeholder for the colour of lines.
const FAINT: RGBColor = RGBColor(2, 2, 2);
/// Placeholder for the colour of bars.
const BAR: RGBColor = RGBColor(3, 3, 3);
/// The CSS variables that replace the placeholders.
const CSS_COLOURS: [(&str, &str); 3] =
    [("\"#010101\"", "\"var(--ink)\""), ("\"#020202\"", "\"var(--faint)\""), ("\"#030303\"", "\"var(--bar)\"")];

/// Width of a chart in pixels. It shrinks with the page.
const WIDTH: u32 = 480;
/// Height of a chart with vertical bars, in pixels.
const HEIGHT: u32 = 210;
/// Height of one horizontal bar with its gap, in pixels.
const BAR_HEIGHT: u32 = 26;
/// Maximum length of the name of a horizontal bar, in characters.
const MAX_NAME_CHARS: usize = 24;
/// Maximum number of names below vertical bars.
const MAX_NAMES: usize = 6;

type Drawn = Result<(), Box<dyn Error>>;

/// A bar.
#[derive(Clone, Debug)]
pub(crate) struct Bar {
    /// Name on the axis.
    pub(crate) name: String,
    /// Length.
    pub(crate) value: f64,
    /// Text at the end of a horizontal bar.
    pub(crate) label: String,
}

/// Draws horizontal bars, one below the other. Returns `None` without bars, or if that fails.
pub(crate) fn draw_horizontal_bars(bars: &[Bar]) -> Option<String> {
    // plotters searches for zero axis labels forever.
    if bars.is_empty() {
        return None;
    }
    let height = u32::try_from(bars.len()).ok()? * BAR_HEIGHT + 16;
    draw_svg(height, |area| {
        let count = bars.len();
        let mut chart = ChartBuilder::on(&area)
            .margin(6)
            .set_label_area_size(LabelAreaPosition::Left, 160)
            .build_cartesian_2d(0.0..max_value(bars) * 1.35, (0..count.saturating_sub(1).max(1)).into_segmented())?;
        // The axis goes up, the list goes down.
        let segment = |position: usize| count - 1 - position;
        let name = |value: &SegmentValue<usize>| match value {
            SegmentValue::CenterOf(at) if *at < count => shorten(&bars[segment(*at)].name),
            _ => String::new(),
        };
        chart
            .configure_mesh()
            .disable_mesh()
            .disable_x_axis()
            .y_labels(count)
            .y_label_formatter(&name)
            .y_label_style(font(15))
            .axis_style(FAINT)
            .draw()?;
        let rectangles = bars.iter().enumerate().map(|(position, bar)| {
            let from = (0.0, SegmentValue::Exact(segment(position)));
            let to = (bar.value, SegmentValue::Exact(segment(position) + 1));
            let mut rectangle = Rectangle::new([from, to], BAR.filled());
            rectangle.set_margin(5, 5, 0, 0);
            rectangle
        });
        chart.draw_series(rectangles)?;
        let labels = bars.iter().enumerate().map(|(position, bar)| {
            let style = font(15).pos(Pos::new(HPos::Left, VPos::Center));
            EmptyElement::at((bar.value, SegmentValue::CenterOf(segment(position))))
                + Text::new(bar.label.clone(), (6, 0), style)
        });
        chart.draw_series(labels)?;
        Ok(())
    })
}

/// Draws vertical bars side by side, with `format_value` for the numbers on the axis. Returns `None` without bars, or
/// if that fails.
pub(crate) fn draw_vertical_bars(bars: &[Bar], format_value: &dyn Fn(f64) -> String) -> Option<String> {
    // As above.
    if bars.is_empty() {
        return None;
    }
    draw_svg(HEIGHT, |area| {
        let count = bars.len();
        let mut chart = ChartBuilder::on(&area)
            .margin(6)
            .margin_right(16)
            .set_label_area_size(LabelAreaPosition::Left, 78)
            .set_label_area_size(LabelAreaPosition::Bottom, 28)
            .build_cartesian_2d((0..count.saturating_sub(1).max(1)).into_segmented(), 0.0..max_value(bars) * 1.1)?;
        let step = count.div_ceil(MAX_NAMES).max(1);
        let name = |value: &SegmentValue<usize>| match value {
            SegmentValue::CenterOf(at) if *at < count && at % step == 0 => bars[*at].name.clone(),
            _ => String::new(),
        };
        chart
            .configure_mesh()
            .disable_x_mesh()
            .x_labels(count)
            .x_label_formatter(&name)
            .y_labels(5)
            .y_label_formatter(&|value: &f64| format_value(*value))
            .label_style(font(14))
            .light_line_style(TRANSPARENT)
            .bold_line_style(FAINT)
            .axis_style(FAINT)
            .draw()?;
        let rectangles = bars.iter().enumerate().map(|(position, bar)| {
            let from = (SegmentValue::Exact(position), 0.0);
            let to = (SegmentValue::Exact(position + 1), bar.value);
            let mut rectangle = Rectangle::new([from, to], BAR.filled());
            let gap = if count > 30 { 1 } else { 4 };
            rectangle.set_margin(0, 0, gap, gap);
            rectangle
        });
        chart.draw_series(rectangles)?;
        Ok(())
    })
}

fn draw_svg(height: u32, draw: impl Fn(DrawingArea<SVGBackend<'_>, Shift>) -> Drawn) -> Option<String> {
    let mut svg = String::new();
    let area = SVGBackend::with_string(&mut svg, (WIDTH, height)).into_drawing_area();
    let drawn = draw(area);
    if let Err(error) = drawn {
        tracing::warn!("can't draw a chart of the report: {error}");
        return None;
    }
    // Names are text from outside. plotters escapes markup.
    let svg = for_terminal(&svg);
    Some(CSS_COLOURS.iter().fold(svg, |svg, (placeholder, variable)| svg.replace(placeholder, variable)))
}

fn font(size: u32) -> TextStyle<'static> {
    TextStyle::from(("sans-serif", size)).color(&INK)
}

/// The greatest value; never zero, so that an axis has a length.
fn max_value(bars: &[Bar]) -> f64 {
    bars.iter().map(|bar| bar.value).fold(0.0, f64::max).max(1e-12)
}

fn shorten(name: &str) -> String {
    if name.chars().count() <= MAX_NAME_CHARS {
        return name.to_owned();
    }
    name.chars().take(MAX_NAME_CHARS - 1).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bars(count: u32) -> Vec<Bar> {
        let bar = |at| Bar { name: format!("bar {at}"), value: f64::from(at), label: format!("= {at}") };
        (0..count).map(bar).collect()
    }

    #[test]
    fn charts_have_every_bar_and_no_colour_of_their_own() {
        for count in [1, 2, 12, 60] {
            let horizontal = draw_horizontal_bars(&bars(count)).unwrap();
            let vertical = draw_vertical_bars(&bars(count), &|value| format!("{value} USD")).unwrap();
            for svg in [&horizontal, &vertical] {
                assert_eq!(svg.matches("var(--bar)").count(), count as usize, "{svg}");
                assert!(!svg.contains("#01") && !svg.contains("#02") && !svg.contains("#03"), "{svg}");
            }
            for bar in bars(count) {
                assert!(horizontal.contains(&bar.label) && horizontal.contains(&bar.name), "{}", bar.name);
            }
            assert!(vertical.contains(" USD"));
        }
    }

    #[test]
    fn names_are_text_and_have_no_control_characters() {
        let bar = [Bar { name: "a\u{202e}b\u{85}c<d>".into(), value: 1.0, label: "\u{2066}1".into() }];
        for svg in [draw_horizontal_bars(&bar), draw_vertical_bars(&bar, &|_| String::new())] {
            let svg = svg.unwrap();
            assert!(svg.contains("a\u{fffd}b\u{fffd}c&lt;d&gt;"), "{svg}");
            assert!(!svg.contains(['\u{202e}', '\u{85}', '\u{2066}']), "{svg}");
        }
    }

    #[test]
    fn a_chart_without_bars_is_left_out_and_bars_of_zero_are_drawn() {
        assert!(draw_horizontal_bars(&[]).is_none() && draw_vertical_bars(&[], &|_| String::new()).is_none());
        let zero = [Bar { name: "x".into(), value: 0.0, label: "0".into() }];
        assert!(draw_horizontal_bars(&zero).is_some() && draw_vertical_bars(&zero, &|_| String::new()).is_some());
    }

    #[test]
    fn long_names_are_shortened() {
        assert_eq!(shorten("a name with 24 characters"), "a name with 24 characte…");
        assert_eq!(shorten("äääääääääääääääääääääääd"), "äääääääääääääääääääääääd");
    }
}
