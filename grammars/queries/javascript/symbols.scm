; Comes behind ../ecmascript/symbols.scm.

(field_definition) @field
