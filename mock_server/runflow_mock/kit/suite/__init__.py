"""The contract suite: holds any server against an OpenAPI document and against what the document cannot say."""
