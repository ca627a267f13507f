//! Who needs what changed: walks operations over the old schema and looks for the needs that findings let down.
//!
//! Values of variables are not known here, so a variable *may* hold whatever its type allows: every input field and
//! enum value below it is taken for used, with the variable's name beside it.

mod values;

use std::collections::{BTreeMap, HashMap, HashSet};

use apollo_compiler::{
    ExecutableDocument, Name, Schema,
    ast::{DirectiveList, DirectiveLocation, OperationType},
    collections,
    executable::{Field, Operation as Executable, Selection, SelectionSet},
    schema::Implementers,
    validation::Valid,
};

use crate::{
    Operation, OperationUse,
    diff::{Finding, Need, argument, implementation, member},
    rules::directives::located,
};

/// The operations that each finding concerns, in the order of `findings`. Operations that the old schema refuses need
/// nothing of it.
pub(crate) fn attribute(
    findings: &[Finding],
    old: &Valid<Schema>,
    operations: &[Operation],
) -> Vec<Vec<OperationUse>> {
    let mut wanted: HashMap<&Need, Vec<usize>> = HashMap::new();
    for (index, finding) in findings.iter().enumerate() {
        for need in &finding.needs {
            wanted.entry(need).or_default().push(index);
        }
    }
    let implementers = old.implementers_map();
    let mut used_by = vec![Vec::new(); findings.len()];
    for operation in operations {
        let Ok(document) = operation.document.to_executable_validate(old) else {
            continue;
        };
        let mut walker = Walker::new(old, &implementers, &document, &wanted);
        for executable in document.operations.iter() {
            walker.operation(executable);
        }
        for (finding, through) in walker.found {
            used_by[finding].push(OperationUse {
                name: operation.name.clone(),
                file: operation.file.clone(),
                line: operation.line,
                count: operation.count,
                through,
            });
        }
    }
    used_by.iter_mut().for_each(|uses| uses.sort());
    used_by
}

struct Walker<'a> {
    schema: &'a Schema,
    document: &'a ExecutableDocument,
    wanted: &'a HashMap<&'a Need, Vec<usize>>,
    implementers: &'a collections::HashMap<Name, Implementers>,
    /// Findings met, with the variable through which; `None`, the document itself, wins.
    found: BTreeMap<usize, Option<String>>,
    /// The variable whose possible values are being looked at.
    through: Option<String>,
    /// Fragments looked at, with the objects that could come there.
    seen: HashSet<(Name, Vec<Name>)>,
    /// Variables that may be left out, and have no default then.
    omittable: HashSet<&'a Name>,
    /// Variables that may hold null, or lists with null.
    nullable: HashSet<&'a Name>,
}

impl<'a> Walker<'a> {
    fn new(
        schema: &'a Schema,
        implementers: &'a collections::HashMap<Name, Implementers>,
        document: &'a ExecutableDocument,
        wanted: &'a HashMap<&'a Need, Vec<usize>>,
    ) -> Self {
        Self {
            schema,
            document,
            wanted,
            implementers,
            found: BTreeMap::new(),
            through: None,
            seen: HashSet::new(),
            omittable: HashSet::new(),
            nullable: HashSet::new(),
        }
    }

    fn operation(&mut self, operation: &'a Executable) {
        for variable in &operation.variables {
            if !variable.ty.is_non_null() && variable.default_value.is_none() {
                self.omittable.insert(&variable.name);
            }
            if values::has_null(&variable.ty) {
                self.nullable.insert(&variable.name);
            }
            self.any_value(variable);
            self.directives(&variable.directives, DirectiveLocation::VariableDefinition);
        }
        self.directives(
            &operation.directives,
            match operation.operation_type {
                OperationType::Query => DirectiveLocation::Query,
                OperationType::Mutation => DirectiveLocation::Mutation,
                OperationType::Subscription => DirectiveLocation::Subscription,
            },
        );
        self.element(operation.selection_set.ty.to_string());
        let objects = self.objects(&operation.selection_set.ty);
        self.selections(&operation.selection_set, &objects);
    }

    /// `objects` are the object types that can come here: fewer than those of the set's type below a fragment.
    fn selections(&mut self, set: &'a SelectionSet, objects: &[Name]) {
        for selection in &set.selections {
            match selection {
                Selection::Field(field) => self.field(field, &set.ty, objects),
                Selection::InlineFragment(inline) => {
                    self.directives(&inline.directives, DirectiveLocation::InlineFragment);
                    let narrowed = self.narrow(&set.ty, &inline.selection_set.ty, objects);
                    self.selections(&inline.selection_set, &narrowed);
                }
                Selection::FragmentSpread(spread) => {
                    self.directives(&spread.directives, DirectiveLocation::FragmentSpread);
                    let Some(fragment) = spread.fragment_def(self.document) else {
                        continue;
                    };
                    self.directives(&fragment.directives, DirectiveLocation::FragmentDefinition);
                    let narrowed = self.narrow(&set.ty, fragment.type_condition(), objects);
                    if self.seen.insert((fragment.name.clone(), narrowed.clone())) {
                        self.selections(&fragment.selection_set, &narrowed);
                    }
                }
            }
        }
    }

    fn field(&mut self, field: &'a Field, parent: &Name, objects: &[Name]) {
        self.directives(&field.directives, DirectiveLocation::Field);
        if field.name.starts_with("__") {
            return;
        }
        let mut owners = vec![parent];
        for object in objects.iter().filter(|object| *object != parent) {
            self.need(|| Need::Implementation(implementation(object, parent)));
            owners.push(object);
        }
        for owner in owners {
            let coordinate = format!("{owner}.{}", field.name);
            for definition in &field.definition.arguments {
                let given = field
                    .arguments
                    .iter()
                    .find(|argument| argument.name == definition.name);
                self.given(
                    &argument(&coordinate, &definition.name),
                    definition,
                    given.map(|argument| &*argument.value),
                );
            }
            self.element(coordinate);
        }
        let output = field.definition.ty.inner_named_type();
        self.element(output.to_string());
        self.need(|| Need::Output(output.to_string()));
        if let Some(set) = &field.selection_set {
            let objects = self.objects(&set.ty);
            self.selections(set, &objects);
        }
    }

    /// The objects that remain below a fragment on `condition`, which thereby counts on their being there.
    fn narrow(&mut self, parent: &Name, condition: &Name, objects: &[Name]) -> Vec<Name> {
        if parent == condition {
            return objects.to_vec();
        }
        self.element(condition.to_string());
        let possible = self.objects(condition);
        let narrowed: Vec<Name> = objects
            .iter()
            .filter(|object| possible.contains(object))
            .cloned()
            .collect();
        for object in &narrowed {
            for around in [parent, condition].into_iter().filter(|around| *around != object) {
                self.need(|| Need::Member(member(around, object)));
                self.need(|| Need::Implementation(implementation(object, around)));
            }
        }
        narrowed
    }

    fn objects(&self, ty: &Name) -> Vec<Name> {
        if let Some(union) = self.schema.get_union(ty) {
            return union.members.iter().map(|name| (**name).clone()).collect();
        }
        if self.schema.get_interface(ty).is_some() {
            let all = self
                .implementers
                .get(ty)
                .map(|all| all.objects.iter().cloned().collect::<Vec<_>>());
            let mut all = all.unwrap_or_default();
            all.sort();
            return all;
        }
        vec![ty.clone()]
    }

    fn directives(&mut self, directives: &'a DirectiveList, location: DirectiveLocation) {
        for directive in &directives.0 {
            let name = format!("@{}", directive.name);
            self.need(|| Need::Location(located(&directive.name, location.name())));
            if directives.get_all(&directive.name).count() > 1 {
                self.need(|| Need::Repeated(name.clone()));
            }
            if let Some(definition) = self.schema.directive_definitions.get(&directive.name) {
                for definition in &definition.arguments {
                    let given = directive.specified_argument_by_name(&definition.name);
                    self.given(
                        &argument(&name, &definition.name),
                        definition,
                        given.map(|value| &**value),
                    );
                }
            }
            self.element(name);
        }
    }

    fn element(&mut self, element: String) {
        self.need(|| Need::Element(element));
    }

    fn need(&mut self, need: impl FnOnce() -> Need) {
        let Some(findings) = self.wanted.get(&need()) else {
            return;
        };
        for finding in findings {
            let through = self.found.entry(*finding).or_insert_with(|| self.through.clone());
            if self.through.is_none() {
                *through = None;
            }
        }
    }
}
