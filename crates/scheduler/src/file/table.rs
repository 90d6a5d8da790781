//! One table: a schedule.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;
use serde_json::{Map, Value};
use toml::Spanned;
use toml::de::{DeString, DeValue};

use super::fields::Fields;
use super::problem::{Lines, Problems};
use super::{bounds, input, policy, rule};
use crate::schedule::{INTERNAL_CLIENT, LABEL, Schedule};
use crate::timetable::Timetable;

/// Bytes of the longest name of a schedule: it is part of keys.
const NAME_MAX_BYTES: usize = 128;
/// Labels of a schedule's own: the engine takes one more, which is ours.
const LABELS_MAX: usize = 15;
/// Characters of a label's name or value, as the engine has it.
const LABEL_CHARS_MAX: usize = 128;

/// Reads a table. `None` if something in it is wrong; what that is has been noted.
pub(super) fn read(
    name: &Spanned<DeString<'_>>,
    value: &Spanned<DeValue<'_>>,
    default_zone: &TimeZone,
    lines: &Lines,
    problems: &mut Problems,
) -> Option<Schedule> {
    let (table, at) = (name.get_ref().as_ref(), name.span().start);
    let mut is_sound = true;
    let Some(values) = value.get_ref().as_table() else {
        let message = "must be a table: every schedule begins with its [name]".to_owned();
        problems.add(Some(lines.number(at)), "", table, message);
        return None;
    };
    if table.is_empty() || table.len() > NAME_MAX_BYTES || table.chars().any(char::is_control) {
        let message = format!("a name has 1 to {NAME_MAX_BYTES} bytes and no control characters");
        problems.add(Some(lines.number(at)), table, "", message);
        is_sound = false;
    }
    let mut fields = Fields::new(table, at, values, lines);
    let blueprint = blueprint(&mut fields);
    let input = input_data(&mut fields);
    let enabled = fields.flag("enabled", true);
    let zone = bounds::own_zone(&mut fields, default_zone);
    let rule = rule::read(&mut fields);
    let (start, end) = bounds::start_and_end(&mut fields, &zone);
    let missed = policy::missed(&mut fields);
    let overlap = policy::overlap(&mut fields);
    let jitter_ms = policy::jitter_ms(&mut fields, rule.as_ref());
    let client = fields
        .text("client")
        .map_or(INTERNAL_CLIENT, |(text, _)| text);
    let labels = labels(&mut fields);
    let timetable = rule.map(|rule| Timetable {
        rule,
        zone,
        start,
        end,
    });
    if let Some(timetable) = &timetable {
        bounds::comes(&mut fields, timetable);
    }
    let found = fields.finish();
    is_sound &= found.is_empty();
    problems.0.extend(found.0);
    let timetable = timetable.filter(|_| is_sound)?;
    Some(Schedule {
        name: table.to_owned(),
        blueprint: blueprint?,
        input,
        timetable,
        enabled,
        missed,
        overlap,
        jitter_ms,
        client: client.into(),
        labels,
    })
}

fn blueprint(fields: &mut Fields<'_>) -> Option<String> {
    if !fields.has("blueprint") {
        fields.report(
            "blueprint",
            None,
            "is missing: the name of the blueprint to run",
        );
    }
    fields.text("blueprint").map(|(text, _)| text.to_owned())
}

/// `input_data`, or `initial_data` as the showcase calls it.
fn input_data(fields: &mut Fields<'_>) -> Value {
    let given = fields.take("input_data");
    let alias = fields.take("initial_data");
    if let (Some(_), Some(alias)) = (&given, &alias) {
        fields.wrong(alias, "is another name of input_data: write one of them");
    }
    let Some(field) = given.or(alias) else {
        return Value::Object(Map::new());
    };
    if !field.value.is_table() {
        fields.not(&field, "a table");
    }
    input::json(field.value).unwrap_or_else(|message| {
        fields.wrong(&field, &message);
        Value::Null
    })
}

fn labels(fields: &mut Fields<'_>) -> BTreeMap<String, String> {
    let mut labels = BTreeMap::new();
    let Some(field) = fields.take("labels") else {
        return labels;
    };
    let Some(table) = field.value.as_table() else {
        fields.not(&field, "a table of texts");
        return labels;
    };
    if table.len() > LABELS_MAX {
        fields.wrong(&field, &format!("at most {LABELS_MAX} labels"));
    }
    for (key, value) in table {
        let (name, at) = (key.get_ref().as_ref(), Some(key.span().start));
        let key = format!("labels.{name}");
        let fits = |text: &str| !text.is_empty() && text.chars().count() <= LABEL_CHARS_MAX;
        match value.get_ref().as_str() {
            _ if name == LABEL => fields.report(&key, at, "is set to the schedule's name already"),
            Some(text) if fits(text) && fits(name) => {
                labels.insert(name.to_owned(), text.to_owned());
            }
            Some(_) => {
                let message = format!("names and values have 1 to {LABEL_CHARS_MAX} characters");
                fields.report(&key, at, &message);
            }
            None => fields.report(&key, at, "must be a text in quotes"),
        }
    }
    labels
}
