"""Names of fields that stand in what is written and shown: of records, and of the documents that tell of them.

They are in every such document, so that whoever reads them learns nothing; and whoever reads a document asks for its fields by
them. So they stay where they name something, also when somebody has chosen one for a secret. Shorter ones are not listed: no secret that is
known by its value is so short.
"""

_NAMES = """
    accent_color accounts additionalProperties addresses admin_key admin_token after_restart allowed_hosts allows_unused
    analysis_modules_executed answer_bytes_max architecture aspect_ratio_input asset_bytes_max asset_id asset_type assets_max assignment
    at_least attachments attempt_count attempt_number attempts attempts_max authority authorization availability_status available
    avatar_url avg_duration background_errors balance_usd base_url batch_id batch_items_max batch_limit batches_max behavior_code
    bodySize body_base64 body_bytes_max bound_to breakdown builtin_node_code bytes_more callback callback_ca callback_hosts
    callback_rewrites callback_secret callback_sockets_max callback_timeout_seconds callback_times callback_url callbacks
    callbacks_before callbacks_hurried callbacks_open cancel_billing cancelled category category_code characters_input check_summary
    claimed_by_org_id classname client_ref client_time cold_after cold_start collapsed comfyui_beta comfyui_field_name comfyui_node_id
    comfyui_workflow_id completed_at concerns concurrency confidence connection_label connections_max content_markdown content_type
    contents context_variables contract cost_breakdown cost_per_run count_input cover_url created_at created_by created_by_user currency
    currency_code current_evaluation_summary current_version_id cursor_names custom_nodes database declaration declared default_behavior
    default_behavior_code default_value definition deleted_at deleted_by deliveries deliveries_failed deliveries_max deliveries_waiting
    delivery delivery_id description difference differences dimension dimension_code disabled_at dispatch_provider_link_id dispatched_at
    display_name document duration duration_default_seconds duration_input duration_ms elapsed_ms elements elements_input
    email_verified_at encoding ends_at_once environment error_codes error_message estimated_cost eval_duration_ms evaluation
    evaluation_id evaluation_instructions evaluations evaluations_max event_subscriptions event_type event_type_code event_types
    evidence examples exchange exchanges expectation expectations expected expected_at expires_at failure_code failure_detail
    failure_message failure_output failure_reason failure_reason_code failure_stage_code failures family_id family_variant_code featured
    featured_at feedback feedback_is_positive feedback_reason field_name file_bytes_max file_list filename files_not_written findings
    fine_tuning fingerprint first_megapixel first_name flow_node_id flow_type_code flow_version_id folder_id forgotten form_docs
    format_input gate_failures generated_image_url generation_prompt get_docs get_openapi github_url gradient_end gradient_start
    handed_over has_logs has_node_runs has_slot headersSize history_bytes_max history_max host_not_allowed httpVersion icon_url
    image_list image_size_input image_url image_urls in_flight inferred input_attributes input_id input_schema input_signature inspector
    instructions invariants is_active is_automatic is_cleared is_counter is_current is_dated is_delayed is_exceeded is_featured is_found
    is_held_back is_moving is_obeyed is_official is_open_source is_positive is_problem is_public is_required is_sequence is_strict
    is_stubbed is_terminal is_usual items_cancelled items_failed items_succeeded items_total job_class job_class_code journal_bytes_max
    journal_max journaled judged_by judgement jurisdiction_code keep_synced keep_url key_prefix knows_magic landscape_16_9 landscape_4_3
    last_name last_request last_request_at last_says last_status last_triggered_at last_used_at level_code license_code locale_code
    log_format log_level log_lines_lost log_rows_pending long_answers_max loop_held_ms_max loop_held_seconds_max lora_support
    low_balance_notified_at low_balance_threshold made_later malformed match_value material maxItems maxLength max_attempts
    max_attempts_exhausted max_resolution max_value measurement_source media_type memberships metadata mimeType mime_type minItems
    minLength min_value modality model_creator model_creator_id model_id model_input_id model_name model_slug more_body multiplier_label
    names_path needs_quiet next_attempt_at next_due next_retry_at node_count node_runs nodes_completed nodes_total notable_features
    nsfw_detected ogg_opus operation operations opinions organizations output_form output_lifetime overall_passed override_reason
    pace_check page_url paper_url param_count parent_evaluation_id payload_bytes pending_callbacks pending_invitations plain_secret
    plan_code polls_awaited portrait_16_9 portrait_4_3 preview_type preview_value previous price_evidence price_label pricing_model_code
    pricing_note primary_action_code probability properties provider_name provider_slug public_url quantity queryString
    rate_limit_headers reading_rules readings real_waits record_bytes_max record_id redirectURL reference_images relies_on remaining
    remembered remembered_bytes_max remembered_max replaced_at request_body request_headers request_id requests required resets_in
    resolution_input resolved_template_id resource_id resources response response_body response_headers response_time_ms retry_after
    retry_after_form retry_count rewrites role_code rule_effect_code rules_max run_count run_error run_seconds runs_max runs_open
    runs_unlisted scenario scenario_inline secret_fingerprint secret_id secret_prefix secrets_max section_code sequence sequence_index
    settings severity signature signing_secret_id size_bytes solution solution_flows solution_id solution_models sort_order
    source_chat_message_id source_code source_id source_output_id source_type source_visibility_code spans_min square_hd stages_input
    standing start_type startedDateTime started_at state_code statement statusText status_code status_spelling statuses steps_max
    streams_max strength sub_flow_id submitted_at subtitle succeeded superseded_at supports_streaming switches sync_mode
    sync_seconds_max takes_batches target_id target_type target_type_code target_version task_description task_type tenant_bounds
    tenants_max testcase testsuite threshold thumbnail_url timeline timers_max timestamp timezone tls_names tls_port top_issues
    top_strengths total_ms transparent type_code unavailable undecided undelivered undelivered_callbacks under_way unfired_faults unit_code
    unit_price unjudged unknown_keys unknown_models unmatched unmatched_requests unreached updated_at upload_id upload_types upload_url
    uploads_max validator validator_attributes validator_attrs validator_code variable_type variable_type_code verdicts verified violations
    visibility_code waited_seconds waits_for_run waits_max webhook_disabled webhook_id webhooks webhooks_max website_url
    weighted_pass_rate work_check workers_silent workflow workflow_id workflow_json workflows workflows_max www_deploy www_docs_file
    www_everything www_home www_keys www_openapi www_overview www_robots www_sample www_signup
"""

_KNOWN = frozenset(_NAMES.split())
_SECRET_MIN = 8


def is_field_name(name: str) -> bool:
    """Tells whether a name is that of a field; one that is shorter than a secret can only hold a part of it."""
    return len(name) < _SECRET_MIN or name in _KNOWN


def may_be_in_field_name(part: str) -> bool:
    """Tells whether a text may be in the name of a field, alone or with what stands around it."""
    return '"' in part or part in _NAMES
