; Comes behind ../c/symbols.scm: nearly all of it is C++ too.

(declaration declarator: [
    (function_declarator declarator: [(qualified_identifier) (operator_name) (destructor_name)] @name)
    (pointer_declarator declarator: (function_declarator declarator: [(qualified_identifier) (operator_name) (destructor_name)] @name))
  ]) @definition.function

(class_specifier name: (_) @name body: (_) @body) @definition.type
(alias_declaration name: (_) @name) @definition.type
(concept_definition name: (_) @name) @definition.type
(function_definition declarator: (reference_declarator (function_declarator declarator: (_) @name))
  body: (_)? @body) @definition.function
(declaration declarator: (reference_declarator (function_declarator declarator: (_) @name))) @definition.function
(field_declaration declarator: [
    (function_declarator declarator: [(field_identifier) (operator_name)] @name)
    (pointer_declarator declarator: (function_declarator declarator: (_) @name))
    (reference_declarator (function_declarator declarator: (_) @name))
  ]) @definition.function

(template_declaration) @wrapper
(lambda_expression) @local
(friend_declaration) @local
(access_specifier) @access
(namespace_definition name: (_) @package)
