//! Pictures of the report, as SVG in its text: bars across and bars up. Colours are those
//! of the page, so that one picture serves light and dark.

use plotters::coord::ranged1d::SegmentValue;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

/// A colour that stands for one of the page's, which takes its place in the text.
const INK: RGBColor = RGBColor(1, 1, 1);
const FAINT: RGBColor = RGBColor(2, 2, 2);
const BAR: RGBColor = RGBColor(3, 3, 3);
const STANDS_FOR: [(&str, &str); 3] =
    [("\"#010101\"", "\"var(--ink)\""), ("\"#020202\"", "\"var(--faint)\""), ("\"#030303\"", "\"var(--bar)\"")];

/// Width of a picture, in pixels; it shrinks with the page.
const WIDTH: u32 = 480;
/// Height of a picture with bars up.
const HEIGHT: u32 = 210;
/// Height of one bar across, with its gap.
const ROW: u32 = 26;
/// Longest name beside a bar, in characters.
const LONGEST_NAME: usize = 24;

type Drawn = Result<(), Box<dyn std::error::Error>>;

/// A bar: its name, its length, and what is written at its end.
#[derive(Clone, Debug)]
pub(crate) struct Bar {
    pub(crate) name: String,
    pub(crate) value: f64,
    pub(crate) label: String,
}

/// Bars across, one under the other. `None` when it can't be drawn.
pub(crate) fn across(bars: &[Bar]) -> Option<String> {
    let height = u32::try_from(bars.len()).ok()? * ROW + 16;
    svg(height, |area| {
        let most = longest(bars);
        let rows = bars.len();
        let mut chart = ChartBuilder::on(&area)
            .margin(6)
            .set_label_area_size(LabelAreaPosition::Left, 160)
            .build_cartesian_2d(0.0..most * 1.35, (0..rows.saturating_sub(1).max(1)).into_segmented())?;
        let name = |at: &SegmentValue<usize>| match at {
            SegmentValue::CenterOf(at) if *at < rows => shortened(&bars[rows - 1 - at].name),
            _ => String::new(),
        };
        chart
            .configure_mesh()
            .disable_mesh()
            .disable_x_axis()
            .y_labels(rows)
            .y_label_formatter(&name)
            .y_label_style(font(15))
            .axis_style(FAINT)
            .draw()?;
        let at = |row: usize| rows - 1 - row;
        let shapes = bars.iter().enumerate().map(|(row, bar)| {
            let from = (0.0, SegmentValue::Exact(at(row)));
            let to = (bar.value, SegmentValue::Exact(at(row) + 1));
            let mut shape = Rectangle::new([from, to], BAR.filled());
            shape.set_margin(5, 5, 0, 0);
            shape
        });
        chart.draw_series(shapes)?;
        let ends = bars.iter().enumerate().map(|(row, bar)| {
            let style = font(15).pos(Pos::new(HPos::Left, VPos::Center));
            EmptyElement::at((bar.value, SegmentValue::CenterOf(at(row)))) + Text::new(bar.label.clone(), (6, 0), style)
        });
        chart.draw_series(ends)?;
        Ok(())
    })
}

/// Bars up, one beside the other. `None` when it can't be drawn.
pub(crate) fn upward(bars: &[Bar], of: &dyn Fn(f64) -> String) -> Option<String> {
    svg(HEIGHT, |area| {
        let most = longest(bars);
        let count = bars.len();
        let mut chart = ChartBuilder::on(&area)
            .margin(6)
            .margin_right(16)
            .set_label_area_size(LabelAreaPosition::Left, 78)
            .set_label_area_size(LabelAreaPosition::Bottom, 28)
            .build_cartesian_2d((0..count.saturating_sub(1).max(1)).into_segmented(), 0.0..most * 1.1)?;
        // As many names as there is room for.
        let every = count.div_ceil(6).max(1);
        let name = |at: &SegmentValue<usize>| match at {
            SegmentValue::CenterOf(at) if *at < count && at % every == 0 => bars[*at].name.clone(),
            _ => String::new(),
        };
        chart
            .configure_mesh()
            .disable_x_mesh()
            .x_labels(count)
            .x_label_formatter(&name)
            .y_labels(5)
            .y_label_formatter(&|value: &f64| of(*value))
            .label_style(font(14))
            .light_line_style(TRANSPARENT)
            .bold_line_style(FAINT)
            .axis_style(FAINT)
            .draw()?;
        let shapes = bars.iter().enumerate().map(|(at, bar)| {
            let (from, to) = ((SegmentValue::Exact(at), 0.0), (SegmentValue::Exact(at + 1), bar.value));
            let mut shape = Rectangle::new([from, to], BAR.filled());
            let gap = if count > 30 { 1 } else { 4 };
            shape.set_margin(0, 0, gap, gap);
            shape
        });
        chart.draw_series(shapes)?;
        Ok(())
    })
}

fn svg(height: u32, draw: impl Fn(DrawingArea<SVGBackend<'_>, plotters::coord::Shift>) -> Drawn) -> Option<String> {
    let mut text = String::new();
    let area = SVGBackend::with_string(&mut text, (WIDTH, height)).into_drawing_area();
    let drawn = draw(area);
    if let Err(error) = drawn {
        tracing::warn!("a picture of the report can't be drawn: {error}");
        return None;
    }
    Some(STANDS_FOR.iter().fold(text, |text, (colour, name)| text.replace(colour, name)))
}

fn font(size: u32) -> TextStyle<'static> {
    TextStyle::from(("sans-serif", size)).color(&INK)
}

fn longest(bars: &[Bar]) -> f64 {
    bars.iter().map(|bar| bar.value).fold(0.0, f64::max).max(1e-12)
}

fn shortened(name: &str) -> String {
    if name.chars().count() <= LONGEST_NAME {
        return name.to_owned();
    }
    name.chars().take(LONGEST_NAME - 1).chain(['…']).collect()
}
