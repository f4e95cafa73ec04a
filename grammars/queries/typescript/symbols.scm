; Comes behind ../ecmascript/symbols.scm.

(abstract_class_declaration name: (_) @name body: (_) @body) @definition.type
(interface_declaration name: (_) @name body: (_) @body) @definition.type
(type_alias_declaration name: (_) @name) @definition.type
(enum_declaration name: (_) @name body: (_) @body) @definition.type
(internal_module name: (_) @name body: (_) @body) @definition.module
(function_signature name: (_) @name) @definition.function
(abstract_method_signature name: (_) @name) @definition.function
(class_body (method_signature name: (_) @name) @definition.function)
(interface_body (method_signature name: (_) @name) @definition.function)

(public_field_definition) @field
(interface_body [(property_signature) (call_signature) (construct_signature) (index_signature)] @field)
(enum_body [(property_identifier) (string) (enum_assignment)] @variant)

; Not `declare global {...}`, which holds any number of definitions.
(ambient_declaration [
  (function_signature) (class_declaration) (abstract_class_declaration) (interface_declaration) (type_alias_declaration)
  (enum_declaration) (lexical_declaration) (variable_declaration) (internal_module)
]) @wrapper
(program (expression_statement (internal_module)) @wrapper)
