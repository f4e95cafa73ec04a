(class_declaration name: (_) @name body: (_) @body) @definition.type
(interface_declaration name: (_) @name body: (_) @body) @definition.type
(enum_declaration name: (_) @name body: (_) @body) @definition.type
(record_declaration name: (_) @name body: (_) @body) @definition.type
(annotation_type_declaration name: (_) @name body: (_) @body) @definition.type
(method_declaration name: (_) @name body: (_)? @body) @definition.function
(constructor_declaration name: (_) @name body: (_) @body) @definition.function

(field_declaration (variable_declarator value: (_)? @value)) @field
(constant_declaration (variable_declarator value: (_)? @value)) @field
(annotation_type_element_declaration) @field
(enum_constant) @variant

(static_initializer) @local
(compact_constructor_declaration) @local
(lambda_expression) @local
(marker_annotation) @attribute
(annotation) @attribute
(block_comment) @comment
(line_comment) @comment

(package_declaration [(identifier) (scoped_identifier)] @package)
(import_declaration) @import
