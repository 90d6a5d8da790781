//! What an expression uses.

use cel::common::ast::{
    CallExpr, ComprehensionExpr, EntryExpr, Expr, IdedExpr, LiteralValue, operators,
};

use super::rewrite;

/// A variable an expression reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Use {
    /// The names of the path, as far as they are fixed: `input`, `order`, `total`.
    pub path: Vec<String>,
    /// Whether the value only passes through (it is the result, or a part of a list or mapping in
    /// it, or tested for presence), so that it may be something an expression can't look into.
    pub passes: bool,
    /// The number of the node, for its place.
    pub(super) id: u64,
}

/// What was found.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) uses: Vec<Use>,
    /// Functions called, with the number of the node.
    pub(super) calls: Vec<(String, u64)>,
    /// What is not supported, with the number of the node.
    pub(super) refused: Vec<(&'static str, u64)>,
    pub(super) depth: usize,
}

/// Names of types, which look like variables.
const TYPES: [&str; 12] = [
    "bool",
    "bytes",
    "double",
    "dyn",
    "int",
    "list",
    "map",
    "null_type",
    "string",
    "type",
    "uint",
    "optional_type",
];

struct Walk<'f> {
    found: &'f mut Found,
    bound: Vec<String>,
}

/// What an expression uses.
pub(super) fn uses(expr: &IdedExpr) -> Found {
    let mut found = Found::default();
    let mut walk = Walk {
        found: &mut found,
        bound: Vec::new(),
    };
    walk.expr(expr, true, 1);
    found
}

impl Walk<'_> {
    fn expr(&mut self, node: &IdedExpr, passes: bool, depth: usize) {
        self.found.depth = self.found.depth.max(depth);
        let below = depth + 1;
        if let Some((path, id)) = named(node) {
            let root = path.first().map_or("", String::as_str);
            let bound = self.bound.iter().any(|name| name == root);
            let is_type = path.len() == 1 && TYPES.contains(&root);
            if !bound && !is_type && !root.starts_with('@') {
                self.found.uses.push(Use { path, passes, id });
            }
            return;
        }
        match &node.expr {
            Expr::Unspecified | Expr::Literal(_) | Expr::Ident(_) => {}
            Expr::Select(select) => self.expr(&select.operand, select.test, below),
            Expr::Call(call) => self.call(node.id, call, passes, below),
            Expr::List(list) => {
                for element in &list.elements {
                    self.expr(element, passes, below);
                }
            }
            Expr::Map(map) => {
                for entry in &map.entries {
                    if let EntryExpr::MapEntry(entry) = &entry.expr {
                        self.expr(&entry.key, false, below);
                        self.expr(&entry.value, passes, below);
                    }
                }
            }
            Expr::Struct(_) => self.found.refused.push(("messages (`Name{…}`)", node.id)),
            Expr::Comprehension(comprehension) => self.comprehension(comprehension, below),
        }
    }

    fn call(&mut self, id: u64, call: &CallExpr, passes: bool, depth: usize) {
        let mut name = call.func_name.clone();
        match &call.target {
            Some(target) => match namespace(target) {
                Some(space) => name = format!("{space}.{name}"),
                None => self.expr(target, false, depth),
            },
            None if name == rewrite::OR => {
                for argument in &call.args {
                    self.expr(argument, passes, depth);
                }
                return;
            }
            None => {}
        }
        let null_test = call.args.iter().any(is_null);
        let through: [bool; 3] = match name.as_str() {
            operators::CONDITIONAL => [false, passes, passes],
            operators::EQUALS | operators::NOT_EQUALS => [null_test; 3],
            _ => [false; 3],
        };
        if !is_operator(&name) {
            self.found.calls.push((name, id));
        }
        for (index, argument) in call.args.iter().enumerate() {
            let passes = through.get(index).copied().unwrap_or(false);
            self.expr(argument, passes, depth);
        }
    }

    fn comprehension(&mut self, loops: &ComprehensionExpr, depth: usize) {
        self.expr(&loops.iter_range, false, depth);
        self.expr(&loops.accu_init, false, depth);
        let before = self.bound.len();
        self.bound.push(loops.iter_var.clone());
        self.bound.extend(loops.iter_var2.clone());
        self.bound.push(loops.accu_var.clone());
        self.expr(&loops.loop_cond, false, depth);
        self.expr(&loops.loop_step, false, depth);
        self.expr(&loops.result, false, depth);
        self.bound.truncate(before);
    }
}

/// `math` and `optional`, which look like variables but are names before functions.
fn namespace(target: &IdedExpr) -> Option<&str> {
    match &target.expr {
        Expr::Ident(name) if name == "math" || name == "optional" => Some(name),
        _ => None,
    }
}

fn is_null(node: &IdedExpr) -> bool {
    matches!(node.expr, Expr::Literal(LiteralValue::Null))
}

fn is_operator(name: &str) -> bool {
    name.starts_with(['_', '!', '@', '-']) && !name.starts_with("__")
}

/// The path of names a node spells.
pub(super) fn path(node: &IdedExpr) -> Option<Vec<String>> {
    named(node).map(|(names, _)| names)
}

/// The path of names a node spells, and the number of the node of the first one.
fn named(node: &IdedExpr) -> Option<(Vec<String>, u64)> {
    let mut names = Vec::new();
    let mut node = node;
    loop {
        match &node.expr {
            Expr::Ident(name) => {
                names.push(name.clone());
                names.reverse();
                return Some((names, node.id));
            }
            Expr::Select(select) if !select.test => {
                names.push(select.field.clone());
                node = &select.operand;
            }
            _ => return None,
        }
    }
}
