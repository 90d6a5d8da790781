//! What is put into a parsed expression before it can be evaluated: charges for its work, `??`
//! with operands that are evaluated only when they are needed, and questions after keys that need
//! no conversion of what they are in.

use cel::common::ast::{
    CallExpr, ComprehensionExpr, EntryExpr, Expr, IdedExpr, LiteralValue, operators,
};
use cel::common::types::{CelInt, CelString};

use super::meter::Alternative;
use super::{functions, rewrite, walk};

/// Makes an expression ready; gives the operands of its `??`.
pub(super) fn charge(root: &mut IdedExpr) -> Vec<Alternative> {
    let mut charger = Charger::default();
    charger.expr(root);
    charger.alternatives
}

#[derive(Default)]
struct Charger {
    alternatives: Vec<Alternative>,
    /// Variables of the loops around.
    bound: Vec<String>,
}

impl Charger {
    fn expr(&mut self, node: &mut IdedExpr) {
        match &mut node.expr {
            Expr::Unspecified | Expr::Literal(_) | Expr::Ident(_) | Expr::Struct(_) => {}
            Expr::Select(select) if select.test => {
                if let Some(path) = self.free_path(&select.operand) {
                    let asked = CelString::from(format!("{path}.{}", select.field));
                    node.expr = call(functions::HAS, LiteralValue::String(asked));
                } else {
                    self.expr(&mut select.operand);
                }
            }
            Expr::Select(select) => self.expr(&mut select.operand),
            Expr::List(list) => {
                for element in &mut list.elements {
                    self.expr(element);
                    wrap(element, functions::WEIGH);
                }
            }
            Expr::Map(map) => {
                for entry in &mut map.entries {
                    if let EntryExpr::MapEntry(entry) = &mut entry.expr {
                        self.expr(&mut entry.key);
                        self.expr(&mut entry.value);
                        wrap(&mut entry.value, functions::WEIGH);
                    }
                }
            }
            Expr::Comprehension(loops) => self.comprehension(loops),
            Expr::Call(call) => self.call(call),
        }
    }

    fn comprehension(&mut self, loops: &mut ComprehensionExpr) {
        self.expr(&mut loops.iter_range);
        wrap(&mut loops.iter_range, functions::RANGE);
        let before = self.bound.len();
        self.bound.push(loops.iter_var.clone());
        self.bound.extend(loops.iter_var2.clone());
        self.bound.push(loops.accu_var.clone());
        self.expr(&mut loops.loop_cond);
        self.expr(&mut loops.loop_step);
        self.expr(&mut loops.result);
        self.bound.truncate(before);
    }

    fn call(&mut self, call: &mut CallExpr) {
        if let Some(target) = &mut call.target {
            self.expr(target);
        }
        let path = call.args.first().and_then(|first| self.free_path(first));
        for argument in &mut call.args {
            self.expr(argument);
        }
        match call.func_name.as_str() {
            // The accumulator of a loop grows in place; what is added to it is a charged literal.
            operators::ADD if !call.args.first().is_some_and(is_accumulator) => {
                functions::ADD.clone_into(&mut call.func_name);
            }
            "matches" => {
                if let Some(pattern) = call.args.last_mut() {
                    wrap(pattern, functions::PATTERN);
                }
            }
            rewrite::OR if call.args.len() == 2 => {
                let number = i64::try_from(self.alternatives.len()).unwrap_or(i64::MAX);
                let second = call.args.pop().unwrap_or_default();
                let first = call.args.pop().unwrap_or_default();
                self.alternatives.push(Alternative {
                    path,
                    first,
                    second,
                });
                call.args.push(IdedExpr {
                    id: 0,
                    expr: Expr::Literal(LiteralValue::Int(CelInt::from(number))),
                });
            }
            _ => {}
        }
    }

    /// The path a node spells, with dots, if it is one of the job's variables'.
    fn free_path(&self, node: &IdedExpr) -> Option<String> {
        let path = walk::path(node)?;
        let is_bound = path.first().is_none_or(|root| self.bound.contains(root));
        (!is_bound).then(|| path.join("."))
    }
}

fn is_accumulator(node: &IdedExpr) -> bool {
    matches!(&node.expr, Expr::Ident(name) if name.starts_with('@'))
}

fn call(function: &str, argument: LiteralValue) -> Expr {
    Expr::Call(CallExpr {
        func_name: function.to_owned(),
        target: None,
        args: vec![IdedExpr {
            id: 0,
            expr: Expr::Literal(argument),
        }],
    })
}

fn wrap(node: &mut IdedExpr, function: &str) {
    if matches!(node.expr, Expr::Literal(_)) {
        return;
    }
    let id = node.id;
    let inner = std::mem::take(node);
    *node = IdedExpr {
        id,
        expr: Expr::Call(CallExpr {
            func_name: function.to_owned(),
            target: None,
            args: vec![inner],
        }),
    };
}
