(class_declaration name: (_) @name body: (_)? @body) @definition.type
(struct_declaration name: (_) @name body: (_)? @body) @definition.type
(record_declaration name: (_) @name body: (_)? @body) @definition.type
(interface_declaration name: (_) @name body: (_)? @body) @definition.type
(enum_declaration name: (_) @name body: (_)? @body) @definition.type
(delegate_declaration name: (_) @name) @definition.type
(method_declaration name: (_) @name body: (_)? @body) @definition.function
(constructor_declaration name: (_) @name body: (_) @body) @definition.function

(property_declaration accessors: (_)? @value) @field
(property_declaration value: (arrow_expression_clause) @value) @field
(indexer_declaration accessors: (_)? @value) @field
(field_declaration (variable_declaration (variable_declarator (identifier) (_)? @value))) @field
(event_field_declaration) @field
(operator_declaration body: (_)? @value) @field
(enum_member_declaration) @variant

(local_function_statement) @local
(lambda_expression) @local
(destructor_declaration) @local
(attribute_list) @attribute
(comment) @comment

(namespace_declaration name: (_) @package)
(file_scoped_namespace_declaration name: (_) @package)
(using_directive) @import
